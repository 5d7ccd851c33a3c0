"""An httpx transport over plain sockets, made for reading many slow streams at once.

The usual one (httpcore and h11) costs two to five times as much CPU per piece of a stream, and
its connections cannot be ended from outside while they wait. HTTP/1.1 only; proxies are left to
`httpx.HTTPTransport`, see `proxied.py`.
"""

import socket
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx

from workers.providers.line import Cut, WasCut, connect, shut
from workers.providers.pool import READ_BYTES, Line, Origin, Pool
from workers.providers.watchdog import Watch, Watchdog
from workers.providers.wire import (
    Decoder,
    Head,
    Malformed,
    UntilClose,
    decoder_for,
    parse_head,
    split_head,
)

_NEVER = float("inf")
_CONNECT_S = 60.0


class Stale(Exception):
    """A connection of the pool was closed before it brought anything: take another one."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a request goes, and how long it may take.

    Attributes:
        timeout: Seconds by name: httpx's, and `first_byte` and `total`.
        cut: Ends the exchange from outside.
    """

    method: str
    url: httpx.URL
    origin: Origin
    timeout: Mapping[str, float]
    cut: Cut


def way_of(request: httpx.Request) -> Way:
    """Read the way out of a request."""
    url, more = request.url, request.extensions
    origin = (url.scheme, url.host, url.port)
    return Way(request.method, url, origin, more.get("timeout") or {}, more.get("cut") or Cut())


class Transport(httpx.BaseTransport):
    """Sends requests over connections of its own. Safe to share between threads and greenlets.

    A request's extensions may hold `timeout` (httpx's, in seconds, with `first_byte` and `total`
    besides) and `cut`, a `Cut` that ends the exchange from outside.

    Args:
        max_idle: Connections kept open per origin while nobody uses them.
        max_idle_s: And for how long.
    """

    def __init__(self, max_idle: int = 64, max_idle_s: float = 30.0) -> None:
        self._pool = Pool(max_idle, max_idle_s)
        self._watchdog = Watchdog()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read the head of the answer; its stream yields the body.

        Raises:
            httpx.TransportError: The upstream cannot be reached or does not speak HTTP.
            WasCut: The request's `cut` was set.
        """
        return self.send(_serialise(request), way_of(request))

    def send(self, message: bytes, way: Way) -> httpx.Response:
        """Send a request that is written already; see `handle_request`."""
        while True:
            exchange = _Exchange(self._pool, self._watchdog, way)
            try:
                return exchange.start(message)
            except Stale:
                exchange.drop()  # each takes one out of the pool, and a new one is never stale
            except BaseException:
                exchange.drop()
                raise

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()


def head_of(request: httpx.Request, without: bytes = b"") -> bytes:
    """Write the first line and the headers of a request, each with its line end.

    Args:
        without: A header that is left out, in lower case.

    Raises:
        httpx.LocalProtocolError: They cannot be sent.
    """
    lines = [request.method.encode("ascii") + b" " + request.url.raw_path + b" HTTP/1.1"]
    headers = request.headers.raw
    lines += [name + b": " + value for name, value in headers if name.lower() != without]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise httpx.LocalProtocolError("a header holds a line break")
    return b"\r\n".join([*lines, b""])


def _serialise(request: httpx.Request) -> bytes:
    return head_of(request) + b"\r\n" + request.read()


def _acknowledge_quickly(sock: socket.socket) -> None:
    """Spare an upstream that sends its head and its first token apart the wait for a delayed ACK.

    Servers that leave Nagle's algorithm on (Python's http.server among them) answer 40 ms later
    without it. Holds until the next request. Source: tcp(7), TCP_QUICKACK; Linux only.
    """
    if hasattr(socket, "TCP_QUICKACK"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _arrival_watcher(sock: socket.socket) -> Any:
    """Make gevent's watcher for what arrives on a plain socket; None without gevent.

    To wait first and read then saves the vain read with which gevent begins, a fifth of the cost,
    and lets others run between two reads of a flood. TLS may hold what was received already.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("socket") or isinstance(sock, ssl.SSLSocket):
        return None
    return sys.modules["gevent"].get_hub().loop.io(sock.fileno(), 1)


def _no_wait(_watcher: Any) -> None:
    """Leave the waiting to the read."""


class _Exchange:
    """One request and its answer on one connection, for one reader."""

    def __init__(self, pool: Pool, watchdog: Watchdog, way: Way) -> None:
        timeout = way.timeout
        self._pool = pool
        self._watchdog = watchdog
        # Not the request itself: an answer may take an hour, and its question be large.
        self._way = way
        self._cut = way.cut
        self.idle_s: float = timeout.get("read") or _NEVER
        self._connect_s: float = timeout.get("connect") or _CONNECT_S
        first_byte_s: float = timeout.get("first_byte") or self.idle_s
        self.watch = Watch(first_byte_s, timeout.get("total") or _NEVER, self._shut)
        self._line: Line | None = None
        self._watcher: Any = None
        self._wait: Callable[[Any], None] = _no_wait

    def start(self, message: bytes) -> httpx.Response:
        """Send the request and read the head."""
        line = self._line = self._open()
        self._watchdog.add(self.watch)
        self._send(line, message)
        try:
            head, rest = self._read_head(line)
            decoder = line.body = decoder_for(head, self._way.method)
        except Malformed as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        keep_alive = head.keep_alive and not isinstance(decoder, UntilClose)
        body = Body(self, decoder, rest, keep_alive)
        return httpx.Response(head.status, headers=head.headers, stream=body)

    def _open(self) -> Line:
        if self._cut.is_set:
            raise WasCut("cut before the start")
        line = self._pool.take(self._way.origin)
        if line is None:
            line = Line(connect(self._way.url, self._connect_s, self._cut))
        sock = line.sock
        self._cut.hold(lambda: shut(sock))
        self._watcher = _arrival_watcher(sock)
        if self._watcher is not None:
            self._wait = sys.modules["gevent"].get_hub().wait
        return line

    def _send(self, line: Line, message: bytes) -> None:
        self.watch.since = monotonic()
        try:
            line.sock.sendall(message)
            _acknowledge_quickly(line.sock)
        except (BrokenPipeError, ConnectionResetError):
            # A new connection may have answered early, "too large" for instance: read that.
            if line.is_used or self._cut.is_set:
                raise self._lost(line) from None
        except (OSError, ValueError) as error:
            raise self._failure(error) from error
        finally:
            self.watch.since = _NEVER

    def _lost(self, line: Line) -> Exception:
        """Say what it means that a connection brought nothing at all."""
        if self._cut.is_set:
            return WasCut("cut before the answer")
        if self.watch.is_late:
            return httpx.ReadTimeout("timed out")
        if line.is_used:
            return Stale()
        return httpx.RemoteProtocolError("the connection was closed without an answer")

    def _read_head(self, line: Line) -> tuple[Head, bytes]:
        data = self._receive_first(line)
        while True:
            parts = split_head(data)
            if parts is None:
                more = self.receive()
                if not more:
                    raise Malformed("the connection was closed in the head of the answer")
                data += more
                continue
            head, data = parse_head(parts[0]), parts[1]
            if head.status >= 200:
                return head, data
            if head.status == 101:
                raise Malformed("it switched to another protocol")

    def _receive_first(self, line: Line) -> bytes:
        try:
            data = self.receive()
        except httpx.ReadError:
            if not line.is_used:
                raise
            data = b""
        if not data:
            raise self._lost(line)
        return data

    def receive(self) -> bytes:
        """Wait for what comes next; empty when the connection was closed.

        Raises:
            httpx.TransportError: It took too long, was cut, or failed.
        """
        line, watch = self._line, self.watch
        if line is None:
            raise httpx.ReadError("the answer was closed")
        watch.since = monotonic()
        try:
            self._wait(self._watcher)
            data = line.sock.recv(READ_BYTES)
        except (OSError, ValueError) as error:
            raise self._failure(error) from error
        finally:
            watch.since = _NEVER
        if self._cut.is_set or (not data and watch.is_late):
            raise self._failure(OSError("shut"))
        return data

    def _failure(self, error: Exception) -> httpx.TransportError:
        """Say what a failed socket call means."""
        if self._cut.is_set:
            return WasCut("cut while waiting")
        if self.watch.is_late or isinstance(error, TimeoutError):
            return httpx.ReadTimeout("timed out")
        return httpx.ReadError(getattr(error, "strerror", None) or str(error))

    def _shut(self) -> None:
        if self._line is not None:
            shut(self._line.sock)

    def _end(self) -> Line | None:
        self._watchdog.discard(self.watch)
        self._cut.release()
        line, self._line = self._line, None
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        return line

    def park(self) -> None:
        """Give the connection back, whether or not the last, empty chunk has come yet."""
        line = self._end()
        if line is not None:
            self._pool.give(self._way.origin, line)

    def drop(self) -> None:
        """Close the connection. From elsewhere than its reader: wake the reader, who closes it."""
        self._shut()
        if self.watch.since == _NEVER:
            line = self._end()
            if line is not None:
                line.sock.close()


class Body(httpx.SyncByteStream):
    """The body of an answer; each piece is all that one read brought."""

    def __init__(
        self, exchange: _Exchange, decoder: Decoder, rest: bytes, keep_alive: bool
    ) -> None:
        self._exchange = exchange
        self._decoder = decoder
        self._rest = rest
        self._keep_alive = keep_alive

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.read, b"")

    def read(self) -> bytes:
        """Wait for the next piece; empty at the end.

        Raises:
            httpx.TransportError: It took too long, was cut, or failed.
        """
        exchange, decoder = self._exchange, self._decoder
        data, self._rest = self._rest, b""
        try:
            while True:
                piece = decoder.feed(data) if data else b""
                if piece:
                    exchange.watch.patience_s = exchange.idle_s
                    return piece
                if decoder.complete:
                    return b""
                data = exchange.receive()
                if not data:
                    decoder.end()
        except Malformed as error:
            raise httpx.RemoteProtocolError(str(error)) from error

    def hurry(self, idle_s: float) -> None:
        """Wait no longer than this between two pieces from now on."""
        exchange = self._exchange
        exchange.idle_s = exchange.watch.patience_s = min(idle_s, exchange.idle_s)

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
