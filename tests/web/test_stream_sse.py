"""Server-sent events on the wire, and the client's connection below."""

import socket

import pytest
from flask import Flask, request

from shared import relay
from shared.errors import Busy
from shared.models.job import RUNNING
from tests.services.things import change_job, new_job
from web import errors
from web.stream import sse
from web.stream.hub import Follow
from web.stream.sse import ClientConnection


@pytest.fixture
def pair():
    """The server's and the client's end of a connection."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    yield ours, theirs
    ours.close()
    theirs.close()


class Wrapped:
    """What gunicorn's gevent worker hands over: a wrapper with the plain socket below."""

    def __init__(self, sock):
        self._sock = sock


class Permitted:
    """A client that may go on for so many batches."""

    def __init__(self, batches=1000):
        self._left = batches

    def holds(self):
        self._left -= 1
        return self._left >= 0


def connection(sock=None, protocol="HTTP/1.1", scheme="http"):
    environ = {"SERVER_PROTOCOL": protocol, "wsgi.url_scheme": scheme}
    if sock is not None:
        environ["gunicorn.socket"] = Wrapped(sock)
    with Flask("x").test_request_context("/", environ_overrides=environ):
        assert request.is_secure is (scheme == "https")
        return ClientConnection()


# The connection


def test_a_piece_takes_the_short_way_as_a_chunk(pair):
    ours, theirs = pair

    rest = connection(ours).write(b"data: x\n\n")

    assert (rest, theirs.recv(100)) == (b"", b"9\r\ndata: x\n\n\r\n")


@pytest.mark.parametrize(
    ("protocol", "scheme"), [("HTTP/1.0", "http"), ("HTTP/1.1", "https"), ("HTTP/1.0", "https")]
)
def test_elsewhere_a_piece_goes_the_long_way(pair, protocol, scheme):
    assert connection(pair[0], protocol, scheme).write(b"data: x\n\n") == b"data: x\n\n"


def test_under_another_server_a_piece_goes_the_long_way_and_nobody_is_gone():
    made = connection()

    assert made.write(b"x") == b"x"
    assert made.is_gone() is False


def test_a_client_that_has_closed_is_gone(pair):
    ours, theirs = pair
    made = connection(ours)
    before = made.is_gone()

    theirs.close()

    assert (before, made.is_gone()) == (False, True)


def test_a_client_that_has_sent_more_is_still_there(pair):
    ours, theirs = pair
    theirs.send(b"GET /next HTTP/1.1\r\n")

    assert connection(ours).is_gone() is False
    assert ours.recv(100).startswith(b"GET /next")


def test_a_closed_socket_is_a_client_that_is_gone(pair):
    made = connection(pair[0])
    pair[0].close()

    assert made.is_gone() is True


# The stream


def written(job_id, permit=None):
    return sse.job_events(Follow(job_id), connection(), permit or Permitted())


def test_silence_is_broken_by_comments(world, monkeypatch):
    monkeypatch.setattr(sse, "KEEP_ALIVE_S", 0.05)
    job_id = new_job()
    pieces = written(job_id)

    first, second, third = (next(pieces) for _ in range(3))
    relay.append(job_id, 1, "completed", {})
    rest = [piece for piece in pieces if piece != sse.KEEP_ALIVE]

    assert (first, second) == (b": job %b\n\n" % job_id.encode(), sse.KEEP_ALIVE)
    assert third == sse.KEEP_ALIVE
    assert rest == [b'id: 1\ndata: {"seq":1,"type":"completed","attempt":1,"data":{}}\n\n']


def test_events_that_come_together_leave_together(world):
    for text in "abc":
        relay.append("j", 1, "delta", {"text": text})
    relay.append("j", 1, "completed", {})

    _, piece = written("j")

    assert piece.count(b"\n\n") == 4


def test_a_stream_ends_when_its_client_may_not_read_any_more(world):
    relay.append("j", 1, "delta", {"text": "a"})
    pieces = written("j", Permitted(1))
    next(pieces)
    first = next(pieces)

    relay.append("j", 1, "delta", {"text": "b"})

    assert b'"a"' in first
    assert list(pieces) == []


@pytest.mark.parametrize("change", ["sign-out", "role"])
def test_a_stream_ends_with_its_users_rights(admin, member, change):
    job_id = new_job(member.user)
    change_job(job_id, status=RUNNING)
    relay.append(job_id, 1, "delta", {"text": "a"})
    answer = member.get(f"/api/v1/jobs/{job_id}/events")
    pieces = iter(answer.response)
    before = next(pieces) + next(pieces)

    if change == "sign-out":
        member.post("/api/v1/auths/signout")
    else:
        admin.post("/api/v1/users/update/role", {"id": member.id, "role": "pending"})
    relay.append(job_id, 1, "delta", {"text": "b"})

    assert b'"a"' in before
    assert list(pieces) == []


def late_client(pieces):
    """A client of a server whose view answers late."""
    app = Flask(__name__)
    errors.register(app)
    app.add_url_rule("/", view_func=lambda: sse.response(pieces(), kind=sse.LateResponse))

    @app.after_request
    def name(response):
        response.headers["X-Request-Id"] = "r-1"
        return response

    return app.test_client()


def test_a_late_answer_that_goes_well_is_a_stream():
    def pieces():
        yield b""
        yield b"data: 1\n\n"

    answer = late_client(pieces).get("/")

    assert (answer.status_code, answer.data) == (200, b"data: 1\n\n")
    assert answer.content_type == sse.EVENTS


def test_a_late_answer_that_fails_is_one_of_the_views_errors_with_what_every_answer_has():
    ended = []

    def pieces():
        try:
            raise Busy("Later.")
            yield b""
        finally:
            ended.append(True)

    answer = late_client(pieces).get("/")

    assert (answer.status_code, answer.get_json()) == (429, {"detail": "Later."})
    assert answer.headers["X-Request-Id"] == "r-1"
    assert "X-Accel-Buffering" not in answer.headers
    assert ended == [True]
