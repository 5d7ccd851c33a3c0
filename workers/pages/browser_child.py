"""The child process that lets a browser of the operator's write one page.

The browser itself fetches nothing. Whatever the page asks for is fetched here, by the guarded
client, and handed to it; what cannot be handed over ends at a proxy that is not there. So no page
reaches the network in which the browser stands.

It reads one JSON object (`url`, `server`, `timeout_s`, and `first`, the page as its server sends
it) and prints one: `html`, or `problem`.

Source: https://playwright.dev/python/docs/network and /api/class-browsertype#browser-type-connect
"""

import base64
import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import orjson
from playwright.sync_api import Browser, BrowserContext, Error, Playwright, Route, sync_playwright

from shared.errors import SwitchyardError
from shared.http import Fetcher, Limits

_NOWHERE: Any = {"server": "http://127.0.0.1:9", "bypass": "<-loopback>"}
# Ways out of a page that are no requests, and what would run where this list does not reach.
_NO_OTHER_WAYS = """
for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport", "WebSocket",
                    "Worker", "SharedWorker"])
  delete globalThis[name];
"""
_NO_WORKERS = "worker-src 'none'"
# What holds no words. A page waits for its styles, so these are there and empty.
_LEFT_OUT = ("image", "media", "font", "manifest", "ping", "texttrack", "eventsource")
_STYLES = "stylesheet"
_MOST_REQUESTS, _MOST_BYTES = 200, 40 * 1024 * 1024
_FOR_ONE = Limits(total_s=20.0)
_OF_A_LINE = {
    "accept-encoding", "connection", "content-encoding", "content-length", "host", "keep-alive",
    "proxy-connection", "transfer-encoding",
}  # fmt: skip


class _Supply:
    """Fetches what one page asks for.

    Args:
        first: The page itself, which is fetched already.
        until: When the page's time is up, by the monotonic clock.
    """

    def __init__(self, first: dict[str, Any], until: float) -> None:
        self._first: dict[str, Any] | None = first
        self._until = until
        self._requests, self._bytes = 0, 0

    def serve(self, route: Route) -> None:
        """Answer one request, or refuse it."""
        with contextlib.suppress(Error):  # the page may have gone on meanwhile
            answer = self._answer(route)
            if answer is None:
                # A navigation that is aborted leaves the page where it is, another shows an error.
                route.abort("aborted")
            else:
                route.fulfill(**answer)

    def _answer(self, route: Route) -> dict[str, Any] | None:
        request = route.request
        if request.is_navigation_request() and (first := self._first) is not None:
            self._first = None
            body = base64.b64decode(first["content"])
            return _dressed(first["status"], first["headers"], body)
        if request.resource_type == _STYLES:
            return {"status": 200, "content_type": "text/css", "body": ""}
        self._requests += 1
        is_over = time.monotonic() > self._until or self._requests > _MOST_REQUESTS
        if request.resource_type in _LEFT_OUT or is_over or self._bytes > _MOST_BYTES:
            return None
        return self._fetched(route)

    def _fetched(self, route: Route) -> dict[str, Any] | None:
        request = route.request
        sent = {name: value for name, value in request.headers.items() if name not in _OF_A_LINE}
        try:
            fetched = Fetcher(_FOR_ONE).fetch(
                request.url, request.method, sent, request.post_data_buffer
            )
        except SwitchyardError:
            return None
        self._bytes += len(fetched.content)
        return _dressed(fetched.status, fetched.headers, fetched.content)


def _dressed(status: int, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    kept = {name: value for name, value in headers.items() if name not in _OF_A_LINE}
    rules = [kept.get("content-security-policy"), _NO_WORKERS]
    kept["content-security-policy"] = ", ".join(rule for rule in rules if rule)
    return {"status": status, "headers": kept, "body": body}


class _Missing(Exception):
    """The browser is not there."""


def _connected(playwright: Playwright, server: str, timeout_ms: float) -> Browser:
    """Connect to a server of playwright's, or to a Chromium by its own protocol."""
    try:
        if server.startswith(("http://", "https://")) or "/devtools/" in server:
            return playwright.chromium.connect_over_cdp(server, timeout=timeout_ms)
        return playwright.chromium.connect(server, timeout=timeout_ms)
    except Error:
        # Its own words name the address, which may hold a token.
        raise _Missing("it cannot be reached.") from None


@contextlib.contextmanager
def _context(browser: Browser) -> Iterator[BrowserContext]:
    """Open a fresh profile without ways out."""
    made = browser.new_context(proxy=_NOWHERE, service_workers="block", accept_downloads=False)
    try:
        made.add_init_script(_NO_OTHER_WAYS)
        yield made
    finally:
        made.close()


def write(asked: dict[str, Any]) -> str:
    """Let the browser write a page; gives its HTML."""
    timeout_ms = asked["timeout_s"] * 1000
    with sync_playwright() as playwright:
        browser = _connected(playwright, asked["server"], timeout_ms)
        with _context(browser) as context:
            until = time.monotonic() + asked["timeout_s"]
            context.route("**/*", _Supply(asked["first"], until).serve)
            page = context.new_page()
            page.goto(asked["url"], wait_until="domcontentloaded", timeout=timeout_ms)
            left_ms = max((until - time.monotonic()) * 1000, 1)
            with contextlib.suppress(Error):  # some pages never come to rest
                page.wait_for_load_state("networkidle", timeout=left_ms)
            return page.content()


def main() -> None:
    """Read what is asked, and print what came of it."""
    try:
        told = {"html": write(orjson.loads(sys.stdin.buffer.read()))}
    except (Error, _Missing) as error:
        told = {"problem": str(error).partition("\n")[0]}
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()
