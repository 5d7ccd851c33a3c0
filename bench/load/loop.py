"""One epoll loop for all connections: a piece that arrives costs one read and one append."""

import heapq
import itertools
import select
import socket
import time
from collections.abc import Callable

Handler = Callable[[int, bytes], None]


class Line:
    """One connection.

    Args:
        loop: Where it lives.
        address: Host and port.
        handle: Called with the monotonic nanoseconds and the bytes of each read; empty when the
            other side has closed.
    """

    def __init__(self, loop: "Loop", address: tuple[str, int], handle: Handler) -> None:
        self._loop = loop
        self.handle = handle
        self.sock = socket.create_connection(address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        loop.add(self)

    def send(self, data: bytes) -> None:
        """Send something that fits into the socket's buffer."""
        sent = self.sock.send(data)
        if sent != len(data):
            raise OSError("the socket's buffer is full")

    def close(self) -> None:
        """Close; again is harmless."""
        self._loop.remove(self)
        self.sock.close()


class Loop:
    """Reads whatever arrives, and calls what is due."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._lines: dict[int, Line] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        # One buffer for all: a new large one for each read costs more than the read.
        self._buffer = memoryview(bytearray(1 << 17))

    def add(self, line: Line) -> None:
        """Read from a connection."""
        number = line.sock.fileno()
        self._lines[number] = line
        self._poll.register(number, select.EPOLLIN)

    def remove(self, line: Line) -> None:
        """Read from it no more."""
        number = line.sock.fileno()
        if self._lines.pop(number, None) is not None:
            self._poll.unregister(number)

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Call something at a monotonic time."""
        heapq.heappush(self._due, (when, next(self._numbers), call))

    def run(self, is_done: Callable[[], bool], timeout_s: float) -> bool:
        """Go on until a condition holds; whether it did in time."""
        end = time.monotonic() + timeout_s
        while not is_done():
            now = time.monotonic()
            if now >= end:
                return False
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            pause = (self._due[0][0] if self._due else end) - time.monotonic()
            self._read(max(0.0, min(pause, end - now)))
        return True

    def _read(self, pause: float) -> None:
        lines, buffer, clock = self._lines, self._buffer, time.monotonic_ns
        for number, _ in self._poll.poll(pause):
            line = lines.get(number)
            if line is None:
                continue
            try:
                data = bytes(buffer[: line.sock.recv_into(buffer)])
            except ConnectionError:
                data = b""
            line.handle(clock(), data)
            if not data:
                line.close()
