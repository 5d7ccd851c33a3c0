"""The door in front of Flask and Socket.IO, and what of a request lives on while its answer
streams.
"""

from contextvars import Context
from typing import Any

from greenlet import getcurrent

from shared import stacks

SOCKETIO_PATH = "ws/socket.io"

# What gunicorn still reads of a request once its answer has begun: how to send it, and its line in
# an access log.
_STILL_NEEDED = (
    "wsgi.file_wrapper",
    "REMOTE_ADDR",
    "REQUEST_METHOD",
    "RAW_URI",
    "SERVER_PROTOCOL",
    "HTTP_REFERER",
    "HTTP_USER_AGENT",
)


class Entrance:
    """Sends the page's sockets to Socket.IO and everything else to Flask.

    Socket.IO's own middleware would do, but makes a class for every request that passes through.
    """

    def __init__(self, app: Any, socketio: Any) -> None:
        self._app, self._socketio = app, socketio

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serve one request, in a context of its own: the connection's last request may have been
        somebody else's, through a proxy.
        """
        getcurrent().gr_context = Context()
        if environ["PATH_INFO"].startswith(f"/{SOCKETIO_PATH}/"):
            return self._socketio(environ, start_response)
        if environ.get("HTTP_UPGRADE"):
            return self._app(environ, start_response)  # lasts as long as its socket
        # In this context: what is logged while the answer streams names the request as well.
        return stacks.on_its_own(self._app, environ, _Start(environ, start_response))


class _Start:
    """The server's `start_response`, which also lets go of a request that is being answered: the
    server holds its environ until the answer's end.
    """

    __slots__ = ("_environ", "_start")

    def __init__(self, environ: dict[str, Any], start_response: Any) -> None:
        self._environ, self._start = environ, start_response

    def __call__(self, *head: Any) -> Any:
        """Begin the answer."""
        write = self._start(*head)
        kept = {name: self._environ[name] for name in _STILL_NEEDED if name in self._environ}
        self._environ.clear()
        self._environ.update(kept)
        return write
