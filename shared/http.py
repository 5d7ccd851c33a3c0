"""The guarded HTTP client: opens addresses that users give, and never one inside our own network.

For workers only: the web tier opens nothing foreign. Every connection, also after a redirect, goes
to a number that was checked a moment before; a name that changes its number in between gains
nothing. Proxies of the environment are not used: behind them nothing could be checked.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from shared import addresses, lean
from shared.errors import Forbidden, Invalid, NotFound, Unavailable

with lean.without(lean.WORKER_EXTRAS):
    import httpcore
    import httpx

_AGENT = "switchyard"
_MOST_NUMBERS = 4


class TooLarge(Invalid):
    """What stands at this address is larger than what is accepted."""


@dataclass(frozen=True)
class Limits:
    """What one fetch may cost.

    Attributes:
        size_bytes: Of the body, after decompression.
        total_s: To the last byte, redirects included; a name server that hangs may add its own.
        connect_s: For each connection.
        idle_s: Between two pieces.
        redirects: How often it may be sent elsewhere.
        allows_private: Whether the networks of a house may be opened; see `addresses.is_allowed`.
        trusted: Host and port of a server that an admin has set up: it may stand anywhere. Whatever
            it leads to is checked like anything else.
        require: Called with each address before it is opened, those of redirects included; raises
            what refuses it.
    """

    size_bytes: int = 20 * 1024 * 1024
    total_s: float = 30.0
    connect_s: float = 10.0
    idle_s: float = 15.0
    redirects: int = 5
    allows_private: bool = False
    trusted: tuple[str, int] | None = None
    require: Callable[[str], object] | None = None


def origin_of(url: str) -> tuple[str, int]:
    """Give host and port of an address, as `Limits.trusted` wants them.

    Raises:
        Invalid: It is no http or https address.
    """
    parts = urlsplit(addresses.require_web_address(url))
    return (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


@dataclass(frozen=True)
class Fetched:
    """An answer, whatever its status.

    Attributes:
        url: Where it came from in the end.
        headers: Names in lower case.
        content: The whole body, decompressed.
    """

    url: str
    status: int
    headers: dict[str, str]
    content: bytes
    encoding: str = field(default="utf-8", repr=False)

    @property
    def media_type(self) -> str:
        """Its content type without parameters, in lower case; empty when it says none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """Its body as text; what cannot be read becomes U+FFFD."""
        try:
            return self.content.decode(self.encoding, "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def required(self) -> "Fetched":
        """Give itself if its status is a good one.

        Raises:
            NotFound, Forbidden, Unavailable, Invalid: It is not; says the status.
        """
        if self.status < 400:
            return self
        words = f"{_host(self.url)} answered with status {self.status}."
        if self.status in (404, 410):
            raise NotFound(words)
        if self.status in (401, 403):
            raise Forbidden(words)
        if self.status in (408, 429) or self.status >= 500:
            raise Unavailable(words)
        raise Invalid(words)


class Arriving:
    """An answer whose body is still to come.

    Attributes:
        status: Whatever it is.
        size_bytes: What the server announces; None when it does not.
    """

    def __init__(self, response: httpx.Response, most_bytes: int) -> None:
        self._response, self._most = response, most_bytes
        self.status = response.status_code
        announced = response.headers.get("content-length", "")
        self.size_bytes = int(announced) if announced.isdecimal() else None

    def pieces(self) -> Iterator[bytes]:
        """Give the body, decompressed, as it comes.

        Raises:
            TooLarge: It is larger than the limit.
        """
        if (self.size_bytes or 0) > self._most:
            raise TooLarge(_too_large(self._most))
        size = 0
        for piece in self._response.iter_bytes():
            size += len(piece)
            if size > self._most:
                raise TooLarge(_too_large(self._most))
            yield piece

    def whole(self) -> Fetched:
        """Read all of it; raises as `pieces`."""
        return Fetched(
            str(self._response.url),
            self.status,
            dict(self._response.headers),
            b"".join(self.pieces()),
            self._response.charset_encoding or "utf-8",
        )


class Fetcher:
    """Fetches addresses, one after the other, and can be stopped from outside.

    In a job: `with job.abortable(fetcher.abort): fetched = fetcher.fetch(url)`.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._line = _Line(self._limits)

    def abort(self) -> None:
        """End what is under way; from any thread or greenlet, never blocks."""
        self._line.cut()

    @property
    def is_aborted(self) -> bool:
        """Whether it was told to stop."""
        return self._line.is_cut

    def fetch(
        self,
        url: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Fetched:
        """Send a request and read the whole answer; raises what `opened` does.

        Raises:
            TooLarge: The body is larger than the limit.
        """
        with self.opened(url, method, headers, content) as answer:
            return answer.whole()

    @contextlib.contextmanager
    def opened(
        self,
        url: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        content: bytes | Iterable[bytes] | None = None,
    ) -> Iterator[Arriving]:
        """Send a request and hand out the answer as soon as its head is there.

        Args:
            content: What is sent; in pieces it cannot follow a redirect.

        Raises:
            AddressRefused: It leads, directly or by a redirect, to where users may not go.
            Invalid: It is no http or https address, or leads in circles.
            Unavailable: Nobody answers, not in time, or not in HTTP; also while the block reads.
        """
        addresses.require_web_address(url)
        self._line.start()
        with _our_errors(url), self._client() as client:
            request = client.build_request(
                method, url, headers=dict(headers or {}), content=content
            )
            with contextlib.closing(client.send(request, stream=True)) as response:
                yield Arriving(response, self._limits.size_bytes)

    def _client(self) -> httpx.Client:
        limits = self._limits
        return httpx.Client(
            transport=_Transport(self._line),
            timeout=httpx.Timeout(limits.idle_s, connect=limits.connect_s),
            follow_redirects=True,
            max_redirects=limits.redirects,
            trust_env=False,
            # Compressed, a small answer could become a large one before it can be counted.
            headers={"user-agent": _AGENT, "accept-encoding": "identity"},
            event_hooks={"request": [self._check]},
        )

    def _check(self, request: httpx.Request) -> None:
        if self._limits.require is not None:
            self._limits.require(str(request.url))


def fetch(url: str, limits: Limits | None = None, **request: Any) -> Fetched:
    """Fetch one address; see `Fetcher.fetch`."""
    return Fetcher(limits).fetch(url, **request)


def _too_large(most: int) -> str:
    return f"What stands at this address is larger than {most} bytes."


@contextlib.contextmanager
def _our_errors(url: str) -> Iterator[None]:
    """Turn the library's errors into ours; they name the host and nothing of the rest."""
    try:
        yield
    except httpx.TooManyRedirects as error:
        raise Invalid("The address leads in circles.") from error
    except (
        httpx.UnsupportedProtocol,
        httpx.InvalidURL,
        httpx.LocalProtocolError,
        httpx.StreamConsumed,
    ) as error:
        raise Invalid("The address, or where it leads, cannot be opened.") from error
    except httpx.TimeoutException as error:
        raise Unavailable(f"{_host(url)} did not answer in time.") from error
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable(f"{_host(url)} could not be read.") from error


def _host(url: str) -> str:
    return urlsplit(url).hostname or "The server"


@lru_cache(maxsize=1)
def _tls() -> Any:
    return httpx.create_ssl_context(trust_env=False)


class _Transport(httpx.HTTPTransport):
    """httpx's transport over connections that we open ourselves."""

    def __init__(self, line: "_Line") -> None:
        super().__init__(verify=_tls(), trust_env=False)
        # httpx hands no network backend on to the pool that it makes.
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), network_backend=line, max_keepalive_connections=0
        )


class _Line(httpcore.NetworkBackend):
    """Opens connections to checked numbers only, under the deadline of the whole fetch."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._inner = httpcore.SyncBackend()
        self._socket: socket.socket | None = None
        self.is_cut = False
        self._deadline = 0.0

    def start(self) -> None:
        """Let the time run from now."""
        self._deadline = time.monotonic() + self._limits.total_s

    def cut(self) -> None:
        """End what waits, and everything that follows."""
        self.is_cut = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Of the plain socket, for TLS too: SSLSocket's pulls the TLS object away.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def left_s(self, timeout_s: float | None) -> float:
        """Tell how long one step may take.

        Raises:
            httpcore.ReadTimeout: The time of the whole fetch is up.
        """
        left = self._deadline - time.monotonic()
        if left <= 0 or self.is_cut:
            raise httpcore.ReadTimeout("the time is up")
        return min(left, timeout_s) if timeout_s is not None else left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of a host's numbers that answers."""
        self.left_s(timeout)
        is_trusted = (host.lower(), port) == self._limits.trusted
        try:
            numbers = addresses.resolve(host, port, self._limits.allows_private, is_trusted)
        except OSError as error:
            raise httpcore.ConnectError("there is no such host") from error
        for number in numbers[:_MOST_NUMBERS]:
            try:
                stream = self._inner.connect_tcp(
                    number, port, self.left_s(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream, self)
        raise failure

    def hold(self, stream: httpcore.NetworkStream) -> None:
        """Remember what to cut."""
        self._socket = stream.get_extra_info("socket")
        if self.is_cut:
            self.cut()


class _Stream(httpcore.NetworkStream):
    """A connection of which every step ends when the whole fetch has to."""

    def __init__(self, inner: httpcore.NetworkStream, line: _Line) -> None:
        self._inner = inner
        self._line = line
        line.hold(inner)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what comes next."""
        return self._inner.read(max_bytes, self._line.left_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send."""
        self._inner.write(buffer, self._line.left_s(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Go on encrypted; the certificate has to be of the host's name, not of its number."""
        left = self._line.left_s(timeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._line)

    def get_extra_info(self, info: str) -> Any:
        """Give what is known of the connection."""
        return self._inner.get_extra_info(info)
