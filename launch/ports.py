"""Finds out whether ports are free, and picks free ones."""

import errno
import socket
from pathlib import Path


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen at an address now."""
    return _refusal(host, port) is None


def problem(setting: str, host: str, port: int) -> str | None:
    """Say in words why a server could not listen at an address now, or None.

    Args:
        setting: Name of the variable that holds the port.
        host: Name or number of an interface.
        port: To listen at.
    """
    error = _refusal(host, port)
    if error is None:
        return None
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine ({error.strerror}). Set HOST to one that is."
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken. Set {setting} to a free one."
    if error.errno == errno.EACCES:
        return f"port {port} is for the system only. Set {setting} to one above 1023."
    return f"nobody can listen at {host}, port {port}: {error.strerror}."


def _refusal(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        return error
    return None


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
