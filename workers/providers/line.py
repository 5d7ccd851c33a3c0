"""One connection to an upstream: opened under a deadline, and cut from outside at any moment.

Uses the standard library's names only, looked up when called: under gevent's monkey patch all
waiting is cooperative, without it everything works with threads.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from functools import lru_cache
from time import monotonic

import httpx

Address = tuple[int, int, int, tuple[str, int]]


class Cut:
    """A switch that ends an exchange from any thread or greenlet, whatever it waits for."""

    __slots__ = ("_action", "is_set")

    def __init__(self) -> None:
        self.is_set = False
        self._action: Callable[[], None] | None = None

    def hold(self, action: Callable[[], None]) -> None:
        """Say how to end what is being waited for; done at once when the switch is set already."""
        self._action = action
        if self.is_set:
            action()

    def release(self) -> None:
        """Say that nothing is waited for any more."""
        self._action = None

    def set(self) -> None:
        """End the exchange."""
        self.is_set = True
        action = self._action
        if action is not None:
            action()


class WasCut(httpx.TransportError):
    """The exchange was ended by its `Cut`."""


def shut(sock: socket.socket) -> None:
    """Shut a socket down, so that whoever waits for it wakes up.

    Takes the plain socket's method for TLS too: that of `SSLSocket` pulls the TLS object away from
    under the reader.
    """
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Give the process's TLS settings: httpx's own, certificates and host names are verified."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def connect(url: httpx.URL, timeout_s: float, cut: Cut) -> socket.socket:
    """Open a connection to the origin of an address.

    Args:
        url: Scheme, host and port count.
        timeout_s: For resolving, connecting and the TLS handshake together.
        cut: Ends any of these.

    Raises:
        httpx.ConnectError: There is no such host, or it does not let us in.
        httpx.ConnectTimeout: Time is up.
        WasCut: `cut` was set.
    """
    host = url.raw_host.decode("ascii")
    port = url.port or (443 if url.scheme == "https" else 80)
    deadline = monotonic() + timeout_s
    try:
        sock = _dial(_resolve(host, port, deadline, cut), deadline, cut)
        if url.scheme == "https":
            sock = _wrap(sock, host, deadline, cut)
        sock.settimeout(None)
    except TimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except (OSError, ValueError) as error:
        if cut.is_set:
            raise WasCut("cut while connecting") from error
        raise httpx.ConnectError(_words(error)) from error
    return sock


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _resolve(host: str, port: int, deadline: float, cut: Cut) -> list[Address]:
    """Find a host's addresses; a name server that hangs costs no more than the deadline."""
    try:
        return _lookup(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass  # a name, not a number
    answer: list[list[Address] | OSError] = []
    done = threading.Event()

    def ask() -> None:
        try:
            answer.append(_lookup(host, port, 0))
        except (OSError, UnicodeError) as error:
            answer.append(error if isinstance(error, OSError) else OSError(str(error)))
        done.set()

    cut.hold(done.set)
    threading.Thread(target=ask, daemon=True, name="resolve").start()
    done.wait(_left(deadline))
    if cut.is_set:
        raise OSError("cut")
    if not answer:
        raise TimeoutError("timed out")
    if isinstance(answer[0], OSError):
        raise answer[0]
    return answer[0]


def _lookup(host: str, port: int, flags: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, kind, proto, address) for family, kind, proto, _, address in found]  # type: ignore[misc]  # the address's form is the family's affair


def _dial(addresses: list[Address], deadline: float, cut: Cut) -> socket.socket:
    """Connect to the first address that answers; each gets its share of the time left."""
    failure: OSError = OSError("no address found")
    for number, (family, kind, proto, address) in enumerate(addresses):
        sock = socket.socket(family, kind, proto)
        try:
            cut.hold(lambda sock=sock: shut(sock))  # type: ignore[misc]  # mypy: lambda defaults
            sock.settimeout(_left(deadline) / (len(addresses) - number))
            if cut.is_set:
                raise OSError("cut")
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            sock.close()
            failure = error
            if cut.is_set:
                break
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


def _wrap(sock: socket.socket, host: str, deadline: float, cut: Cut) -> socket.socket:
    """Do the TLS handshake."""
    secure = tls_context().wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        cut.hold(lambda: shut(secure))
        secure.settimeout(_left(deadline))
        secure.do_handshake()
    except BaseException:
        secure.close()
        raise
    return secure
