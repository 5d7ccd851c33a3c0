"""A small web: pages that a test puts up, redirects, drips and floods, on a free port.

Paths with a meaning of their own: `/to?<address>` redirects there, `/drip` sends a byte now and
then for ever, `/flood` sends without end, `/hang` never answers.
"""

import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

from tests.fakes.threaded import ThreadedFake

_FLOOD = b"x" * 65536


class FakeWeb(ThreadedFake):
    """The server; `pages` maps a path to (status, content type, body), `asked` lists requests.

    Use as a context.
    """

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, str, bytes]] = {}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.closing = threading.Event()
        super().__init__(_handler(self))

    def put(self, path: str, body: str | bytes, kind: str = "text/html", status: int = 200) -> str:
        """Put a page up; gives its address."""
        self.pages[path] = (status, kind, body.encode() if isinstance(body, str) else body)
        return self.url + path

    def let_go(self) -> None:
        """See `ThreadedFake`."""
        self.closing.set()


def _handler(web: FakeWeb) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            web.asked.append((self.command, self.path, headers, self.rfile.read(size)))
            parts = urlsplit(self.path)
            special = _SPECIAL.get(parts.path)
            if special is not None:
                self.close_connection = True
                special(self, web, unquote(parts.query))
                return
            status, kind, body = web.pages.get(self.path, (404, "text/plain", b"nothing here"))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 -- the library's names

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _redirect(handler: BaseHTTPRequestHandler, _web: FakeWeb, to: str) -> None:
    handler.send_response(302)
    handler.send_header("Location", to)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _drip(handler: BaseHTTPRequestHandler, web: FakeWeb, _: str) -> None:
    handler.send_response(200)
    handler.end_headers()
    _until_it_leaves(handler, web, b".", 0.02)


def _flood(handler: BaseHTTPRequestHandler, web: FakeWeb, _: str) -> None:
    handler.send_response(200)
    handler.end_headers()
    _until_it_leaves(handler, web, _FLOOD, 0)


def _hang(_handler: BaseHTTPRequestHandler, web: FakeWeb, _: str) -> None:
    web.closing.wait(60)


def _until_it_leaves(
    handler: BaseHTTPRequestHandler, web: FakeWeb, piece: bytes, pause_s: float
) -> None:
    try:
        while not web.closing.wait(pause_s):
            handler.wfile.write(piece)
    except OSError:
        pass


_SPECIAL = {"/to": _redirect, "/drip": _drip, "/flood": _flood, "/hang": _hang}
