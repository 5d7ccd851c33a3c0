"""A fake server in a thread of the test's own process, for tests that change it as they go."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class ThreadedFake:
    """Listens on a free port from its making, answers while it is used as a context.

    Args:
        handler: Serves a request; finds this object as `self.server.fake`.

    Attributes:
        port, url: Where it is.
    """

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.fake = self
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def let_go(self) -> None:
        """Let requests end that wait for something; called at the end."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Reads a request to its end, and lets `serve` answer it.

    Attributes:
        body: What was sent.
        seen: Its headers, their names in small letters.
    """

    protocol_version = "HTTP/1.1"

    @property
    def fake(self) -> Any:
        """The server whose request this is."""
        return self.server.fake

    def _take(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.seen = {name.lower(): value for name, value in self.headers.items()}
        self.serve()

    do_GET = do_POST = do_PUT = do_DELETE = _take  # noqa: N815 -- the library's names

    def serve(self) -> None:
        """Answer."""
        raise NotImplementedError

    def tell(
        self, content: bytes, kind: str, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer with bytes of a MIME type."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def tell_json(
        self, value: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer with JSON."""
        self.tell(json.dumps(value).encode(), "application/json", status, headers)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
