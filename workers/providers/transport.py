"""An httpx transport over plain sockets, made for reading many slow streams at once.

The usual one (httpcore and h11) costs three to five times as much CPU per piece of a stream, and
its connections cannot be ended from outside while they wait. HTTP/1.1 only; proxies are left to
`httpx.HTTPTransport`, see `upstream.py`.
"""

import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from time import monotonic
from typing import Any

import httpx

from workers.providers.line import Cut, WasCut, connect, shut
from workers.providers.wire import (
    Decoder,
    Head,
    Malformed,
    UntilClose,
    decoder_for,
    parse_head,
    split_head,
)

_READ_BYTES = 64 * 1024
_Origin = tuple[str, str, int | None]


class _Stale(Exception):
    """A connection of the pool turned out to be closed before it brought anything."""


class _Line:
    """A connection and what is known of the body that runs, or last ran, through it."""

    __slots__ = ("body", "idle_since", "is_used", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.body: Decoder | None = None
        self.idle_since = 0.0
        self.is_used = False

    def is_fresh(self) -> bool:
        """Whether it may carry another request: open, and the last body is all read.

        Takes up what has come since without waiting: often just the last, empty chunk.
        """
        self.sock.settimeout(0)
        try:
            while data := self.sock.recv(_READ_BYTES):
                if self.body is None or self.body.complete or self.body.feed(data):
                    return False
                if self.body.rest:
                    return False
        except (BlockingIOError, ssl.SSLWantReadError):
            return self.body is not None and self.body.complete
        except (OSError, ValueError):
            return False
        return False


class _Pool:
    """Idle connections by origin, newest first; a bounded number, for a bounded time."""

    def __init__(self, max_idle: int, max_idle_s: float) -> None:
        self._max_idle = max_idle
        self._max_idle_s = max_idle_s
        self._lines: dict[_Origin, deque[_Line]] = {}
        self._lock = threading.Lock()

    def take(self, origin: _Origin) -> _Line | None:
        while True:
            with self._lock:
                lines = self._lines.get(origin)
                if not lines:
                    return None
                line = lines.pop()
            if monotonic() - line.idle_since < self._max_idle_s and line.is_fresh():
                return line
            line.sock.close()

    def give(self, origin: _Origin, line: _Line) -> None:
        line.is_used = True
        line.idle_since = monotonic()
        dropped = []
        with self._lock:
            lines = self._lines.setdefault(origin, deque())
            lines.append(line)
            while (
                len(lines) > self._max_idle
                or line.idle_since - lines[0].idle_since > self._max_idle_s
            ):
                dropped.append(lines.popleft())
        for old in dropped:
            old.sock.close()

    def clear(self) -> None:
        with self._lock:
            lines = [line for several in self._lines.values() for line in several]
            self._lines.clear()
        for line in lines:
            line.sock.close()


class Transport(httpx.BaseTransport):
    """Sends requests over connections of its own. Safe to share between threads and greenlets.

    A request's extensions may hold `timeout` (httpx's, in seconds, with `first_byte` and `total`
    besides) and `cut`, a `Cut` that ends the exchange from outside.

    Args:
        max_idle: Connections kept open per origin while nobody uses them.
        max_idle_s: And for how long.
    """

    def __init__(self, max_idle: int = 64, max_idle_s: float = 30.0) -> None:
        self._pool = _Pool(max_idle, max_idle_s)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read the head of the answer; its stream yields the body.

        Raises:
            httpx.TransportError: The upstream cannot be reached or does not speak HTTP.
            WasCut: The request's `cut` was set.
        """
        message = _serialise(request)
        while True:
            exchange = _Exchange(self._pool, request)
            try:
                return exchange.start(message)
            except _Stale:
                continue  # each of these took one away, and a new connection is never stale
            except BaseException:
                exchange.drop()
                raise

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()


def _serialise(request: httpx.Request) -> bytes:
    lines = [request.method.encode("ascii") + b" " + request.url.raw_path + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in request.headers.raw]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise httpx.LocalProtocolError("a header holds a line break")
    return b"\r\n".join(lines) + b"\r\n\r\n" + request.read()


def _acknowledge_quickly(sock: socket.socket) -> None:
    """Spare an upstream that sends its head and its first token apart the wait for our delayed ACK.

    Servers that leave Nagle's algorithm on (Python's http.server among them) answered 40 ms later.
    Linux only; it holds until the next request. Source: tcp(7), TCP_QUICKACK.
    """
    if hasattr(socket, "TCP_QUICKACK"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class _Exchange:
    """One request and its answer on one connection."""

    def __init__(self, pool: _Pool, request: httpx.Request) -> None:
        timeout: dict[str, Any] = request.extensions.get("timeout") or {}
        self._pool = pool
        self._request = request
        self._origin = (request.url.scheme, request.url.host, request.url.port)
        self._cut: Cut = request.extensions.get("cut") or Cut()
        self.idle_s: float | None = timeout.get("read")
        self.first_byte_s: float | None = timeout.get("first_byte", self.idle_s)
        self._connect_s: float = timeout.get("connect") or 60.0
        self.deadline = monotonic() + (timeout.get("total") or float("inf"))
        self.line: _Line | None = None

    def start(self, message: bytes) -> httpx.Response:
        line = self.line = self._open()
        line.sock.settimeout(self.first_byte_s)
        self._send(line, message)
        head, rest = self._read_head(line)
        try:
            decoder = line.body = decoder_for(head, self._request.method)
        except Malformed as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        keep_alive = head.keep_alive and not isinstance(decoder, UntilClose)
        body = _Body(self, decoder, rest, keep_alive)
        return httpx.Response(head.status, headers=head.headers, stream=body)

    def _open(self) -> _Line:
        if self._cut.is_set:
            raise WasCut("cut before the start")
        line = self._pool.take(self._origin)
        if line is None:
            return _Line(connect(self._request.url, self._connect_s, self._cut))
        sock = line.sock
        self._cut.hold(lambda: shut(sock))
        return line

    def _send(self, line: _Line, message: bytes) -> None:
        try:
            line.sock.sendall(message)
            _acknowledge_quickly(line.sock)
        except (BrokenPipeError, ConnectionResetError):
            if line.is_used or self._cut.is_set:
                self._lose(line)
            # Else: it may have answered early, "too large" for instance, and that is worth reading.
        except (OSError, ValueError) as error:
            raise self.failure(error, httpx.WriteTimeout, httpx.WriteError) from error

    def _lose(self, line: _Line) -> None:
        """Give a connection up that brought nothing at all."""
        if self._cut.is_set:
            raise WasCut("cut before the answer")
        if line.is_used:
            self.drop()
            raise _Stale
        raise httpx.RemoteProtocolError("the connection was closed without an answer")

    def _read_head(self, line: _Line) -> tuple[Head, bytes]:
        data = b""
        while True:
            try:
                parts = split_head(data)
                if parts is None:
                    data += self._receive_head(line, is_first=not data)
                    continue
                head, data = parse_head(parts[0]), parts[1]
            except Malformed as error:
                raise httpx.RemoteProtocolError(str(error)) from error
            if head.status >= 200:
                return head, data
            if head.status == 101:
                raise httpx.RemoteProtocolError("it switched to another protocol")

    def _receive_head(self, line: _Line, *, is_first: bool) -> bytes:
        try:
            data = line.sock.recv(_READ_BYTES)
        except (OSError, ValueError) as error:
            if is_first and isinstance(error, ConnectionResetError) and line.is_used:
                self._lose(line)
            raise self.failure(error) from error
        if not data:
            if is_first:
                self._lose(line)
            raise httpx.RemoteProtocolError("the connection was closed in the head of the answer")
        return data

    def failure(
        self,
        error: Exception,
        timeout: type[httpx.TransportError] = httpx.ReadTimeout,
        other: type[httpx.TransportError] = httpx.ReadError,
    ) -> httpx.TransportError:
        """Say what a failed socket call means."""
        if self._cut.is_set:
            return WasCut("cut while waiting")
        if isinstance(error, TimeoutError):
            return timeout("timed out")
        return other(getattr(error, "strerror", None) or str(error))

    @property
    def is_cut(self) -> bool:
        return self._cut.is_set

    def park(self) -> None:
        """Give the connection back, whether or not the last empty chunk has come yet."""
        self._cut.release()
        line, self.line = self.line, None
        if line is not None:
            self._pool.give(self._origin, line)

    def drop(self) -> None:
        """Close the connection; from another greenlet too."""
        self._cut.release()
        line, self.line = self.line, None
        if line is not None:
            shut(line.sock)
            line.sock.close()


class _Body(httpx.SyncByteStream):
    """The body of an answer; each piece is all that one read brought."""

    def __init__(
        self, exchange: _Exchange, decoder: Decoder, rest: bytes, keep_alive: bool
    ) -> None:
        self._exchange = exchange
        self._decoder = decoder
        self._rest = rest
        self._keep_alive = keep_alive

    def __iter__(self) -> Iterator[bytes]:
        exchange, decoder, data = self._exchange, self._decoder, self._rest
        self._rest = b""
        line = exchange.line
        if line is None:
            return
        feed, recv = decoder.feed, line.sock.recv
        is_first = True
        try:
            while True:
                if data:
                    piece = feed(data)
                    if piece:
                        yield piece
                        if is_first:
                            is_first = False
                            line.sock.settimeout(exchange.idle_s)
                if decoder.complete:
                    return
                wait_s = exchange.idle_s if not is_first else exchange.first_byte_s
                left_s = exchange.deadline - monotonic()
                if wait_s is not None and left_s < wait_s:
                    line.sock.settimeout(max(left_s, 0.001))
                data = recv(_READ_BYTES)
                if not data:
                    if exchange.is_cut:
                        raise WasCut("cut while reading")
                    decoder.end()
        except Malformed as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        except (OSError, ValueError) as error:
            raise exchange.failure(error) from error

    def park(self) -> None:
        """Close, and keep the connection for the next request if the body is as good as read."""
        if self._keep_alive and not self._decoder.rest:
            self._exchange.park()
        else:
            self._exchange.drop()

    def close(self) -> None:
        """Close: at once, and the connection with it, unless the body was read to its end."""
        if self._decoder.complete:
            self.park()
        else:
            self._exchange.drop()
