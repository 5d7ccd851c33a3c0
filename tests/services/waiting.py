"""Waiting for conditions, and finding free ports: what every service needs."""

import itertools
import os
import socket
import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")

# Below those that systems give to outgoing connections: what is free stays free until its server
# has started, and while it starts again. Processes that test side by side begin far apart.
_FIRST_PORT, _PORTS = 12_000, 20_000
_turns = itertools.count(os.getpid() * 997)
# A busy machine may do something else for seconds. How fast we are, `bench` tells.
_LEAST_PATIENCE_S = 10.0
_pause = Event()  # never set: its `wait` is the pause between two looks


def wait_until(condition: Callable[[], T], timeout_s: float, what: str, every_s: float = 0.02) -> T:
    """Look at a condition until it holds.

    Args:
        condition: Called again and again; its first true value is the result.
        timeout_s: After so many seconds, and no sooner than in ten, the test fails.
        what: What is waited for, for the failure's text.
        every_s: Seconds between two looks.

    Raises:
        AssertionError: The condition did not hold in time.
    """
    timeout_s = max(timeout_s, _LEAST_PATIENCE_S)
    end = time.monotonic() + timeout_s
    while True:
        if value := condition():
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout_s:g} s in vain for: {what}")
        _pause.wait(every_s)


def free_port() -> int:
    """Give a TCP port of the loopback address that nobody listens on, each time another one."""
    ports = (_FIRST_PORT + next(_turns) % _PORTS for _ in range(_PORTS))
    return next(port for port in ports if _is_free(port))


def free_ports(count: int, room_above: int = 0) -> int:
    """Give the first of several free ports in a row.

    Args:
        count: How many ports in a row.
        room_above: When not 0, the ports this far above must be free as well.
    """
    for _ in range(200):
        ports = [free_port() for _ in range(count)]
        above = [port + room_above for port in ports if room_above]
        if ports[-1] - ports[0] == count - 1 and all(map(_is_free, above)):
            return ports[0]
    raise AssertionError(f"no {count} free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a port of the loopback address."""
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0
