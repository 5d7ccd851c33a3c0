"""What stands in front of Flask: which application a request reaches, and what is left of it."""

import weakref

import gevent
import pytest
from greenlet import getcurrent, greenlet

from shared.log import request_id
from web.entrance import SOCKETIO_PATH, Entrance

REQUEST = {
    "PATH_INFO": "/api/models",
    "REQUEST_METHOD": "GET",
    "HTTP_AUTHORIZATION": "Bearer secret",
    "wsgi.file_wrapper": list,
}


class Kept:
    """Something that hangs on a request."""


def entered(app, environ, socketio=None):
    return Entrance(app, socketio)(environ, lambda *head: ("write", *head))


def test_the_pages_sockets_reach_socketio():
    answer = entered(None, {"PATH_INFO": f"/{SOCKETIO_PATH}/"}, lambda *_: "from socketio")

    assert answer == "from socketio"


def test_an_answer_passes_through_as_it_is():
    asked = []

    def app(environ, start_response):
        asked.append((environ["PATH_INFO"], start_response("200 OK", [])))
        return iter([b"text"])

    assert list(entered(app, dict(REQUEST))) == [b"text"]
    assert asked == [("/api/models", ("write", "200 OK", []))]


def test_a_failure_reaches_the_server():
    def app(_environ, _start_response):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        entered(app, dict(REQUEST))


def test_while_an_answer_streams_nothing_of_its_request_lives_but_what_the_server_reads():
    alive = []

    def app(environ, start_response):
        thing = environ["werkzeug.request"] = Kept()
        alive.append(weakref.ref(thing))
        alive.append(weakref.ref(getcurrent()))
        start_response("200 OK", [])
        return iter([b"text"])

    environ = dict(REQUEST)

    def serve():  # as the server does, in a green thread of the connection
        answer = entered(app, environ)
        return answer, [thing() for thing in alive]

    answer, left = gevent.spawn(serve).get()

    assert environ == {"REQUEST_METHOD": "GET", "wsgi.file_wrapper": list}
    assert left == [None, None]
    assert list(answer) == [b"text"]


def test_what_is_logged_while_an_answer_streams_names_its_request():
    def app(_environ, _start_response):
        request_id.set("r-1")
        return (request_id.get() for _ in range(2))

    def connection():
        return list(entered(app, dict(REQUEST)))

    assert greenlet(connection).switch() == ["r-1", "r-1"]


@pytest.mark.parametrize(
    "more",
    [{}, {"HTTP_UPGRADE": "websocket"}, {"PATH_INFO": f"/{SOCKETIO_PATH}/"}],
    ids=["answer", "socket", "socketio"],
)
def test_a_request_knows_nothing_of_the_last_one_of_its_connection(more):
    def app(_environ, _start_response):
        before = request_id.get()
        request_id.set("r-1")
        return [before]

    def connection():
        return [*entered(app, dict(REQUEST)), *entered(app, {**REQUEST, **more}, app)]

    assert greenlet(connection).switch() == ["", ""]


def test_a_request_that_becomes_a_socket_stays_where_it_is():
    def app(_environ, _start_response):
        return getcurrent()

    environ = {**REQUEST, "HTTP_UPGRADE": "websocket"}

    assert entered(app, environ) is getcurrent()
    assert environ["HTTP_AUTHORIZATION"] == "Bearer secret"
