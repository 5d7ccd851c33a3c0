"""Server-sent events: an answer that goes on until its job has ended.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import socket
from collections.abc import Iterator

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


def is_client_gone() -> bool:
    """Look whether the client has closed its connection; only gunicorn's plain sockets tell."""
    connection = request.environ.get("gunicorn.socket")
    raw = getattr(connection, "_sock", None)
    if raw is None:
        return False
    try:
        return bool(raw.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"")
    except BlockingIOError:
        return False
    except OSError:
        return True
