"""The writing end of a client's connection: whole, in order, and patient only while the client
reads.
"""

import errno
import socket
import threading
from contextlib import nullcontext
from typing import Any

# A client that takes nothing for so long is given up.
PATIENCE_S = 20.0
_NO_LOCK = nullcontext()


class ClientTooSlow(BrokenPipeError):
    """The client does not read."""

    def __init__(self) -> None:
        super().__init__(errno.EPIPE, "the client does not read")


class Outlet:
    """Sends to a client whatever many have to say to it, each piece as a whole.

    Args:
        sock: The connection, as the WSGI server made it.
        has_one_writer: Whether a single thread or greenlet writes.
    """

    def __init__(self, sock: Any, has_one_writer: bool = False) -> None:
        self._inner = sock
        # gevent's socket costs three times the system call; it is needed only to wait. Below TLS
        # nothing may be written.
        self._raw = None if hasattr(sock, "_sslobj") else getattr(sock, "_sock", None)
        self._lock = _NO_LOCK if has_one_writer else threading.Lock()
        self._is_given_up = False

    def send(self, data: bytes) -> int:
        """Send all of it; how much that was.

        Raises:
            ClientTooSlow: The client does not read; the connection has been shut down.
            OSError: It is closed already.
        """
        with self._lock:
            if self._is_given_up:
                raise ClientTooSlow
            sent = self._send_at_once(data)
            if sent < len(data):
                self._send_patiently(memoryview(data)[sent:])
        return len(data)

    def _send_at_once(self, data: bytes) -> int:
        if self._raw is None:
            return 0
        try:
            return int(self._raw.send(data))
        except BlockingIOError:
            return 0

    def _send_patiently(self, rest: memoryview) -> None:
        try:
            while rest:
                rest = rest[self._inner.send(rest, 0, PATIENCE_S) :]
        except TimeoutError:
            self._is_given_up = True
            self._inner.shutdown(socket.SHUT_RDWR)  # wakes whoever reads, who closes it
            raise ClientTooSlow from None

    def __getattr__(self, name: str) -> Any:
        """Be the socket in all other respects."""
        return getattr(self._inner, name)


class Upgrades:
    """Prepares the requests that become WebSockets.

    The library behind them hands a frame to one `send`, which gevent may cut, and sends its own
    pings and answers from another greenlet than ours: so it gets an outlet for a socket.

    It also gets no chance to compress: doing that to every token costs more CPU than all the rest
    of the relay.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serve as the inner application does."""
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        wants_socket = environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        if wants_socket and "gunicorn.socket" in environ:
            environ["gunicorn.socket"] = Outlet(environ["gunicorn.socket"])
        return self._app(environ, start_response)
