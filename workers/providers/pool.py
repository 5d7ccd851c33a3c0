"""Connections that stay open between two requests."""

import socket
import ssl
import threading
from collections import deque
from time import monotonic

from workers.providers.wire import Decoder

READ_BYTES = 64 * 1024
_MAX_EARLY = 8
Origin = tuple[str, str, int | None]


class Line:
    """A connection, and the framing of the body that runs, or last ran, through it."""

    __slots__ = ("body", "idle_since", "is_used", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.body: Decoder | None = None
        self.idle_since = 0.0
        self.is_used = False

    @property
    def is_ready(self) -> bool:
        """Whether it may carry another request: the last body was read to its end."""
        return self.body is not None and self.body.complete

    def catch_up(self) -> bool:
        """Take up, without waiting, what has come since: often just the last, empty chunk.

        Returns:
            False when the connection is of no more use.
        """
        body = self.body
        self.sock.settimeout(0)
        try:
            while data := self.sock.recv(READ_BYTES):
                if body is None or body.complete or body.feed(data) or body.rest:
                    return False
        except (BlockingIOError, ssl.SSLWantReadError):
            self.sock.settimeout(None)
            return True
        except (OSError, ValueError):
            return False
        return False


class Pool:
    """Idle connections by origin, newest first: a bounded number, for a bounded time.

    How many are in use is not bounded here: that is the number of jobs at once.

    Args:
        max_idle: Connections kept per origin.
        max_idle_s: And for how long; most servers close after 60 s or more.
    """

    def __init__(self, max_idle: int, max_idle_s: float) -> None:
        self._max_idle = max_idle
        self._max_idle_s = max_idle_s
        self._lines: dict[Origin, deque[Line]] = {}
        self._lock = threading.Lock()

    def take(self, origin: Origin) -> Line | None:
        """Give an idle connection that is still good."""
        found = None
        early: list[Line] = []  # these miss their last chunk still
        while found is None and len(early) < _MAX_EARLY and (line := self._pop(origin)):
            if monotonic() - line.idle_since >= self._max_idle_s or not line.catch_up():
                line.sock.close()
            elif line.is_ready:
                found = line
            else:
                early.append(line)
        if early:
            with self._lock:
                self._lines.setdefault(origin, deque()).extend(reversed(early))
        return found

    def _pop(self, origin: Origin) -> Line | None:
        with self._lock:
            lines = self._lines.get(origin)
            return lines.pop() if lines else None

    def give(self, origin: Origin, line: Line) -> None:
        """Keep a connection for the next request."""
        line.is_used = True
        now = line.idle_since = monotonic()
        dropped = []
        with self._lock:
            lines = self._lines.setdefault(origin, deque())
            lines.append(line)
            while len(lines) > self._max_idle or now - lines[0].idle_since > self._max_idle_s:
                dropped.append(lines.popleft())
        for old in dropped:
            old.sock.close()

    def clear(self) -> None:
        """Close all."""
        with self._lock:
            lines = [line for several in self._lines.values() for line in several]
            self._lines.clear()
        for line in lines:
            line.sock.close()
