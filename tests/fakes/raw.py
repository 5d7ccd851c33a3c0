"""A server that says exactly the bytes it is told, for what no protocol server would do."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Self

Handler = Callable[[socket.socket], None]


def read_request(sock: socket.socket) -> bytes:
    """Read one request; empty when the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    size = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            size = int(line.split(b":")[1])
    while len(body) < size:
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


def says(*answers: bytes) -> Handler:
    """Make a handler that answers requests with these bytes, one each, and then closes."""

    def handle(sock: socket.socket) -> None:
        for answer in answers:
            if not read_request(sock):
                return
            sock.sendall(answer)

    return handle


def waits(sock: socket.socket) -> None:
    """Handle a connection by saying nothing until the client closes it."""
    while sock.recv(65536):
        pass


class RawServer:
    """Listens on a free port; the nth connection is handled by the nth handler, the last repeats.

    Attributes:
        connections: How many were made.
        handled: Released whenever a handler has come to its end.
    """

    def __init__(self, *handlers: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._handlers = handlers
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.connections = 0
        self.handled = threading.Semaphore(0)

    @property
    def url(self) -> str:
        """Base address."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            handler = self._handlers[min(self.connections, len(self._handlers) - 1)]
            self.connections += 1
            threading.Thread(target=self._handle, args=(sock, handler), daemon=True).start()

    def _handle(self, sock: socket.socket, handler: Handler) -> None:
        with contextlib.suppress(OSError), sock:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            handler(sock)
            sock.close()
        self.handled.release()
