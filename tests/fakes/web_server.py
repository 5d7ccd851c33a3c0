"""A small web: pages that a test puts up, redirects, drips and floods, on a free port.

Paths with a meaning of their own: `/to?<address>` redirects there, `/drip` sends a byte now and
then for ever, `/flood` sends without end, `/hang` never answers.
"""

import threading
from urllib.parse import unquote, urlsplit

from tests.fakes.threaded import Handler, ThreadedFake

_FLOOD = b"x" * 65536


class FakeWeb(ThreadedFake):
    """The server; `pages` maps a path to (status, content type, body), `asked` lists requests.

    Use as a context.
    """

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, str, bytes]] = {}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.closing = threading.Event()
        super().__init__(_Handler)

    def put(self, path: str, body: str | bytes, kind: str = "text/html", status: int = 200) -> str:
        """Put a page up; gives its address."""
        self.pages[path] = (status, kind, body.encode() if isinstance(body, str) else body)
        return self.url + path

    def let_go(self) -> None:
        """See `ThreadedFake`."""
        self.closing.set()


class _Handler(Handler):
    def serve(self) -> None:
        web: FakeWeb = self.fake
        web.asked.append((self.command, self.path, self.seen, self.body))
        parts = urlsplit(self.path)
        special = _SPECIAL.get(parts.path)
        if special is not None:
            self.close_connection = True
            special(self, web, unquote(parts.query))
            return
        status, kind, body = web.pages.get(self.path, (404, "text/plain", b"nothing here"))
        self.tell(body, kind, status)


def _redirect(handler: Handler, _web: FakeWeb, to: str) -> None:
    handler.send_response(302)
    handler.send_header("Location", to)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _drip(handler: Handler, web: FakeWeb, _: str) -> None:
    handler.send_response(200)
    handler.end_headers()
    _until_it_leaves(handler, web, b".", 0.02)


def _flood(handler: Handler, web: FakeWeb, _: str) -> None:
    handler.send_response(200)
    handler.end_headers()
    _until_it_leaves(handler, web, _FLOOD, 0)


def _hang(_handler: Handler, web: FakeWeb, _: str) -> None:
    web.closing.wait(60)


def _until_it_leaves(handler: Handler, web: FakeWeb, piece: bytes, pause_s: float) -> None:
    try:
        while not web.closing.wait(pause_s):
            handler.wfile.write(piece)
    except OSError:
        pass


_SPECIAL = {"/to": _redirect, "/drip": _drip, "/flood": _flood, "/hang": _hang}
