"""Server-sent events: an answer that goes on until its job has ended.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import socket
from collections.abc import Iterator
from typing import Any

from flask import Response, request

from shared import relay
from web.stream.hub import Follow

KEEP_ALIVE_S = 15.0
KEEP_ALIVE = b": keep-alive\n\n"


def response(chunks: Iterator[bytes]) -> Response:
    """Answer with a stream that proxies neither buffer nor cache."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(chunks, content_type="text/event-stream; charset=utf-8", headers=headers)


def job_events(follow: Follow) -> Iterator[bytes]:
    """Write a job's events, each with its number as the stream's event id."""
    with follow:
        yield b": job %b\n\n" % follow.job_id.encode()
        for batch in follow.batches(KEEP_ALIVE_S):
            yield (
                b"".join(
                    [
                        b"id: %d\ndata: %b\n\n" % (seq, relay.numbered(seq, event))
                        for seq, event in batch
                    ]
                )
                or KEEP_ALIVE
            )


def cursor() -> int:
    """Read from where the client wants to go on: `after`, or what its reconnecting parser sends by
    itself.
    """
    text = request.headers.get("Last-Event-ID") or request.args.get("after") or "0"
    return max(int(text), 0) if text.isdecimal() else 0


def connection_of_request() -> Any:
    """Give the client's connection, for `is_gone`; None where the server does not show it."""
    return getattr(request.environ.get("gunicorn.socket"), "_sock", None)


def is_gone(connection: Any) -> bool:
    """Look whether a client has closed its connection; plain sockets tell, TLS ones do not."""
    if connection is None:
        return False
    try:
        return bool(connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"")
    except BlockingIOError:
        return False
    except OSError:
        return True
