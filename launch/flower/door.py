"""Who may enter Flower and what they may do there: decided before any code of Flower's runs."""

import binascii
import hmac
import secrets
from base64 import b64decode, b64encode

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

from shared.config.settings import Settings

_OPEN = "/healthcheck"
_READING = ("GET", "HEAD", "OPTIONS")
# The page of tasks sends what it searches for as a form; nothing is changed by it.
_SEARCH = "/tasks/datatable"


class Door:
    """The login, and whether anything may be changed.

    Flower has both by itself, handler by handler; here they hold for every address that it has now
    or later. Its own check cannot compare letters beyond ASCII, so it is given a login of its own,
    which nobody knows.

    Args:
        settings: Name, password, and whether Flower only shows.

    Attributes:
        inner_login: `name:password` that Flower is to ask for.
    """

    def __init__(self, settings: Settings) -> None:
        self._login = f"{settings.flower_user}:{settings.flower_password}".encode()
        self._is_read_only = settings.flower_read_only
        self.inner_login = f"inner:{secrets.token_urlsafe()}"

    def refusal(self, request: HTTPServerRequest) -> tuple[int, str] | None:
        """Give status and words for a request that is not served."""
        if request.path == _OPEN and request.method in _READING:
            return None
        if not self._knows(request.headers.get("Authorization", "")):
            return 401, "Flower is for operators. Please sign in."
        if self._is_read_only and not _only_reads(request):
            return 403, "Flower only shows here: FLOWER_READ_ONLY is true."
        request.headers["Authorization"] = f"Basic {b64encode(self.inner_login.encode()).decode()}"
        return None

    def _knows(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            login = b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(login, self._login)


def _only_reads(request: HTTPServerRequest) -> bool:
    return request.method in _READING or (request.method, request.path) == ("POST", _SEARCH)


class Refusal(RequestHandler):
    """Answers instead of Flower."""

    def initialize(self, status: int, words: str) -> None:
        """Take what the door has said."""
        self._status, self._words = status, words

    def check_xsrf_cookie(self) -> None:
        """Nothing happens here that could be forged."""

    def prepare(self) -> None:
        """Answer whatever the method is."""
        self.set_status(self._status)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        if self._status == 401:
            self.set_header("WWW-Authenticate", 'Basic realm="Flower", charset="UTF-8"')
        self.finish(self._words + "\n")
