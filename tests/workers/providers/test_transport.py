"""The transport against servers that say exactly what they are told, with TLS and proxies."""

import contextlib
import socket
import threading

import httpx
import pytest

from tests.fakes.raw import RawServer, read_request, says, waits
from tests.services.waiting import wait_until
from tests.workers.providers.asking import seconds
from tests.workers.providers.getting import OK, Getting, get
from workers.providers.line import Cut, WasCut
from workers.providers.transport import Transport

# Answers and connections.


def test_early_answers_are_skipped(transport):
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"

    with RawServer(says(early + OK)) as server:
        assert get(transport, server.url) == b"ok"


def test_a_change_of_protocol_is_refused(transport):
    with (
        RawServer(says(b"HTTP/1.1 101 Switching\r\n\r\n")) as server,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        get(transport, server.url)


def test_a_connection_that_was_closed_while_idle_is_replaced(transport):
    with RawServer(says(OK), says(OK)) as server:
        get(transport, server.url)
        server.handled.acquire(timeout=5)

        assert get(transport, server.url) == b"ok"
        assert server.connections == 2


def answers_once_then_hangs_up(sock: socket.socket) -> None:
    says(OK)(sock)
    read_request(sock)


def test_a_kept_connection_that_closes_on_the_request_is_replaced_once(transport):
    with RawServer(answers_once_then_hangs_up, says(OK)) as server:
        get(transport, server.url)

        assert get(transport, server.url) == b"ok"
        assert server.connections == 2


def test_a_new_connection_that_closes_on_the_request_is_not_tried_again(transport):
    with RawServer(read_request) as server:
        with pytest.raises(httpx.RemoteProtocolError, match="closed without an answer"):
            get(transport, server.url)

        assert server.connections == 1


def test_a_kept_connection_that_fails_in_mid_answer_is_not_tried_again(transport):
    with RawServer(says(OK, OK[:-1])) as server:
        get(transport, server.url)

        with pytest.raises(httpx.RemoteProtocolError, match="middle"):
            get(transport, server.url)

        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"HTTP/1.1 200 surprise",
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"1.1", b"1.0"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nmore",
    ],
)
def test_connections_that_cannot_be_trusted_again_are_closed(transport, answer):
    with RawServer(says(answer, OK), says(OK)) as server:
        get(transport, server.url)
        get(transport, server.url)

        assert server.connections == 2


def test_a_header_cannot_smuggle_another(transport):
    request = httpx.Request("GET", "http://127.0.0.1:1/", headers={"X-A": "b"})
    request.headers = httpx.Headers([(b"X-A", b"b\r\nX-Evil: 1")])

    with pytest.raises(httpx.LocalProtocolError):
        transport.handle_request(request)


def test_it_serves_an_ordinary_httpx_client():
    with RawServer(says(OK)) as server, httpx.Client(transport=Transport()) as client:
        assert client.get(server.url).text == "ok"


def test_a_refusal_that_comes_before_the_body_was_taken_is_read(transport):
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"

    def refuses(sock: socket.socket) -> None:
        sock.sendall(refusal)
        waits(sock)

    request = httpx.Request("POST", "http://x/", content=b"x" * 5_000_000)
    with RawServer(refuses) as server:
        request.url = httpx.URL(server.url)
        assert transport.handle_request(request).status_code == 413


# Connecting.


@contextlib.contextmanager
def deaf_port():
    """A port whose queue is full: who connects to it waits."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_who_does_not_let_us_connect_in_time_is_given_up(transport):
    with deaf_port() as port, pytest.raises(httpx.ConnectTimeout):
        get(transport, f"http://127.0.0.1:{port}", connect=0.1)


def test_a_connect_can_be_cut(transport):
    cut = Cut()
    with deaf_port() as port:
        getting = Getting(transport, f"http://127.0.0.1:{port}", cut=cut)
        wait_until(lambda: cut._action is not None, 5, "the connect to begin")

        took = seconds(lambda: (cut.set(), getting.join()))

    assert isinstance(getting.error, WasCut)
    assert took < 5


def test_a_name_server_that_hangs_is_given_up_and_can_be_cut(transport, monkeypatch):
    answered = threading.Event()
    real = socket.getaddrinfo

    def slow(host, port, *args, flags=0, **options):
        if not flags:
            answered.wait(10)
        return real(host, port, *args, flags=flags, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    cut = Cut()
    with pytest.raises(httpx.ConnectTimeout):
        get(transport, "http://slow.example/", connect=0.05)
    getting = Getting(transport, "http://slow.example/", cut=cut)
    wait_until(lambda: cut._action is not None, 5, "the question to be asked")

    cut.set()

    assert isinstance(getting.join().error, WasCut)
    answered.set()


def test_the_next_address_of_a_name_is_tried(transport, monkeypatch):
    with RawServer(says(OK)) as server:
        real = socket.getaddrinfo

        def two(host, port, *args, flags=0, **options):
            if flags:
                raise socket.gaierror("not a number")
            dead, alive = (real("127.0.0.1", n, *args, **options) for n in (1, port))
            return [*dead, *alive]

        monkeypatch.setattr(socket, "getaddrinfo", two)

        assert get(transport, f"http://two.example:{server.port}/") == b"ok"
