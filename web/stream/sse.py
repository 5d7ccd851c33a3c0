"""Server-sent events: an answer that goes on until its job has ended.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import socket
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.datastructures import Headers

from shared import relay
from shared.errors import SwitchyardError
from web.auth import Permit
from web.stream.hub import Follow
from web.stream.outlet import Outlet

EVENTS, JSON_LINES = "text/event-stream; charset=utf-8", "application/x-ndjson"
_OF_A_STREAM = ("Cache-Control", "X-Accel-Buffering", "Content-Type")
KEEP_ALIVE_S = 15.0
KEEP_ALIVE = b": keep-alive\n\n"
_CURSOR_DIGITS = len(str(relay.MAX_CURSOR)) - 1


class StreamResponse(Response):
    """A stream. Its head goes out as it is: it has no length, and names no other place."""

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:  # noqa: ARG002 -- as werkzeug calls it
        """Give the head, without a copy that could be finished."""
        return self.headers


def response(
    chunks: Iterator[bytes], content_type: str = EVENTS, kind: type[Response] = StreamResponse
) -> Response:
    """Answer with a stream that proxies neither buffer nor cache."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    # Straight to the server: what the framework wraps around costs every open stream 2 KB.
    return kind(chunks, content_type=content_type, direct_passthrough=True, headers=headers)


class LateResponse(StreamResponse):
    """A stream that may still fail with a status of its own.

    Its first piece is empty, and comes when it is sure to go well; until then it may raise one of
    our errors. The server waits for that, when Flask is done with the request: there a waiting
    client holds a few objects, inside of a view it would hold a stack of pages.
    """

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer, as WSGI wants it."""
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # of the proxy
        return _Late(app, self, environ, start_response)


class _Late:
    """What the server asks for the pieces."""

    def __init__(
        self, app: Flask, answer: Response, environ: dict[str, Any], start_response: Any
    ) -> None:
        self._app, self._answer = app, answer
        self._environ, self._start = environ, start_response
        self._chunks: Iterator[bytes] = answer.response  # type: ignore[assignment]  # as it was made

    def __iter__(self) -> Iterator[bytes]:
        answer, environ = self._answer, self._environ
        try:
            next(self._chunks)
        except SwitchyardError as error:
            answer = self._failed(error)
        self._start(answer.status, answer.get_wsgi_headers(environ).to_wsgi_list())
        is_good = answer is self._answer
        del self._answer, self._environ, self._start
        return self._chunks if is_good else iter([answer.get_data()])

    def _failed(self, error: SwitchyardError) -> Response:
        """Answer as if the view had raised this."""
        with self._app.request_context(self._environ):
            answer = self._app.make_response(self._app.handle_user_exception(error))
        # What every answer has was told to the first one.
        for name, value in self._answer.headers:
            if name not in _OF_A_STREAM:
                answer.headers.setdefault(name, value)
        return answer

    def close(self) -> None:
        """Read no more."""
        self._chunks.close()  # type: ignore[attr-defined]  # of a generator


def job_events(follow: Follow, client: "ClientConnection", permit: Permit) -> Iterator[bytes]:
    """Write a job's events, each with its number as the stream's event id."""
    with follow:
        yield b": job %b\n\n" % follow.job_id.encode()
        for batch in follow.batches(KEEP_ALIVE_S):
            if not permit.holds():
                return
            lines = [b"id: %d\ndata: %b\n\n" % (n, relay.numbered(n, event)) for n, event in batch]
            if rest := client.write(b"".join(lines) or KEEP_ALIVE):
                yield rest


def cursor() -> int:
    """Read from where the client wants to go on: `after`, or what its reconnecting parser sends by
    itself.
    """
    text = request.headers.get("Last-Event-ID") or request.args.get("after") or "0"
    if not text.isdecimal():
        return 0
    return int(text) if len(text) <= _CURSOR_DIGITS else relay.MAX_CURSOR


class ClientConnection:
    """The client's connection below WSGI: whether it is still there, and the short way to write.

    A piece that goes through Flask and gunicorn costs three times the system call that sends it.
    Once the head and a first piece have gone their way, later ones may be written here, in the
    same framing: HTTP/1.1 chunks on gunicorn's plain socket. Anything else (TLS, HTTP/1.0, another
    server) goes the long way.

    Source: RFC 9112, section 7.1.
    """

    def __init__(self) -> None:
        environ = request.environ
        sock = environ.get("gunicorn.socket")
        self._raw = getattr(sock, "_sock", None)
        is_plain = environ["wsgi.url_scheme"] == "http"
        is_chunked = environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        is_direct = self._raw is not None and is_chunked and is_plain
        self._outlet = Outlet(sock, has_one_writer=True) if is_direct else None

    def is_gone(self) -> bool:
        """Look whether the client has closed its connection; plain sockets tell."""
        if self._raw is None:
            return False
        try:
            return bool(self._raw.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"")
        except BlockingIOError:
            return False
        except OSError:
            return True

    def write(self, piece: bytes) -> bytes:
        """Send a piece the short way; give back what has to go the long way.

        Raises:
            OSError: The client has left.
        """
        if self._outlet is None:
            return piece
        self._outlet.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        return b""
