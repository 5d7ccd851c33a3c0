"""Finds out whether ports are free, and picks free ones."""

import socket
from pathlib import Path


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen at an address now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def kept_port(path: Path) -> int:
    """Give the local port that a file notes; pick and note another when it is missing or taken."""
    try:
        port = int(path.read_text("ascii"))
    except (OSError, ValueError):
        port = 0
    if port and is_free("127.0.0.1", port):
        return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    path.write_text(f"{port}\n", "ascii")
    return port
