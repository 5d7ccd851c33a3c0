"""The transport against servers that say exactly what they are told, with TLS and proxies."""

import contextlib
import socket
import threading

import httpx
import pytest

from tests.fakes.raw import RawServer, read_request, says, waits
from tests.services.waiting import wait_until
from tests.workers.providers.asking import Reading, chat, seconds
from workers.providers.base import Timeouts
from workers.providers.errors import Aborted, Refused, Unavailable
from workers.providers.line import Cut, WasCut
from workers.providers.pool import Line, Pool
from workers.providers.transport import Transport
from workers.providers.wire import Chunked

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
QUICK = {"connect": 5, "read": 5, "total": 10}


@pytest.fixture
def transport():
    with Transport() as made:
        yield made


def get(transport: Transport, url: str, cut: Cut | None = None, **timeout) -> bytes:
    request = httpx.Request("GET", url, extensions={"timeout": {**QUICK, **timeout}, "cut": cut})
    response = transport.handle_request(request)
    try:
        return response.read()
    finally:
        response.close()


class Getting(Reading):
    """The same in a thread."""

    def __init__(self, *args, **options):
        super().__init__(iter(lambda: get(*args, **options), b""))


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


# The pool.


class Done:
    complete = True
    rest = b""


@pytest.fixture
def lines():
    with contextlib.ExitStack() as stack:

        def make() -> tuple[Line, socket.socket]:
            ours, theirs = socket.socketpair()
            stack.enter_context(ours)
            stack.enter_context(theirs)
            line = Line(ours)
            line.body = Done()
            return line, theirs

        yield make


def test_the_pool_gives_the_newest_connection_first(lines):
    pool = Pool(max_idle=5, max_idle_s=30)
    (old, _), (new, _) = made = [lines(), lines()]
    for line, _ in made:
        pool.give("origin", line)

    assert [pool.take("origin"), pool.take("origin"), pool.take("origin")] == [new, old, None]


def test_the_pool_keeps_a_bounded_number(lines):
    pool = Pool(max_idle=2, max_idle_s=30)
    for line, _ in (made := [lines() for _ in range(3)]):
        pool.give("origin", line)

    assert made[0][0].sock.fileno() == -1
    assert [pool.take("origin"), pool.take("origin")] == [made[2][0], made[1][0]]


def test_the_pool_keeps_for_a_bounded_time(lines):
    pool = Pool(max_idle=2, max_idle_s=0)
    line, _ = lines()
    pool.give("origin", line)

    assert pool.take("origin") is None
    assert line.sock.fileno() == -1


@pytest.mark.parametrize("act", [lambda sock: sock.sendall(b"HTTP/1.1 408"), socket.socket.close])
def test_the_pool_gives_no_connection_on_which_something_happened(lines, act):
    pool = Pool(max_idle=2, max_idle_s=30)
    line, theirs = lines()
    pool.give("origin", line)
    act(theirs)

    assert pool.take("origin") is None


def test_a_connection_whose_last_chunk_is_to_come_waits_for_it_in_the_pool(lines):
    pool = Pool(max_idle=5, max_idle_s=30)
    (ready, _), (early, theirs) = lines(), lines()
    early.body = Chunked()
    for line in (ready, early):
        pool.give("origin", line)

    assert [pool.take("origin"), pool.take("origin")] == [ready, None]
    theirs.sendall(b"0\r\n\r\n")
    assert pool.take("origin") is early


def test_a_cleared_pool_is_empty(lines):
    pool = Pool(max_idle=2, max_idle_s=30)
    line, _ = lines()
    pool.give("origin", line)
    pool.clear()

    assert pool.take("origin") is None
    assert line.sock.fileno() == -1


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
    assert took < 0.5


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


# TLS.


def test_a_trusted_certificate_is_accepted(transport, trusted):
    with RawServer(says(OK, OK), tls=trusted.server_context()) as server:
        assert get(transport, server.url) == b"ok"
        assert get(transport, server.url) == b"ok"
        assert server.connections == 1


def test_an_unknown_certificate_is_refused(transport, authority):
    with (
        RawServer(says(OK), tls=authority.server_context()) as server,
        pytest.raises(httpx.ConnectError, match="not trusted"),
    ):
        get(transport, server.url)


def test_a_certificate_for_another_host_is_refused(transport, trusted):
    with (
        RawServer(says(OK), tls=trusted.server_context("127.0.0.2")) as server,
        pytest.raises(httpx.ConnectError, match="not trusted"),
    ):
        get(transport, server.url)


def test_a_server_without_tls_is_told(transport):
    def answers_anything(sock: socket.socket) -> None:
        sock.recv(1)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with RawServer(answers_anything) as server, pytest.raises(httpx.ConnectError):
        get(transport, server.url.replace("http:", "https:"))


@pytest.mark.parametrize("stage", ["handshake", "answer"])
def test_tls_can_be_cut_while_it_waits(transport, trusted, stage):
    context = trusted.server_context() if stage == "answer" else None
    cut = Cut()
    with RawServer(waits, tls=context) as server:
        url = f"https://127.0.0.1:{server.port}"
        getting = Getting(transport, url, cut=cut)
        wait_until(lambda: server.connections == 1, 5, "the connection")

        took = seconds(lambda: (cut.set(), getting.join()))

        assert isinstance(getting.error, WasCut)
        assert took < 0.5
        assert server.handled.acquire(timeout=2)


def test_tls_is_given_up_when_it_takes_too_long(transport, trusted):
    with (
        RawServer(waits, tls=trusted.server_context()) as server,
        pytest.raises(httpx.ReadTimeout),
    ):
        get(transport, server.url, read=0.1)


# Proxies.

CHUNKS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    b'data: {"choices": [{"delta": {"content": "by proxy"}, "finish_reason": "stop"}]}\n\n'
    b"data: [DONE]\n\n"
)


@pytest.fixture
def proxied(monkeypatch):
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)

    def set_proxy(url: str) -> None:
        monkeypatch.setenv("http_proxy", url)

    return set_proxy


def test_a_proxy_of_the_environment_is_used(openai_at, proxied):
    seen = []

    def proxy(sock: socket.socket) -> None:
        seen.append(read_request(sock))
        sock.sendall(CHUNKS)

    with RawServer(proxy) as server:
        proxied(server.url)
        events = list(openai_at("http://model.example/v1").stream(chat("tell me")))

    assert seen[0].startswith(b"POST http://model.example/v1/chat/completions HTTP/1.1")
    assert ("delta", {"text": "by proxy"}) in events


def test_no_proxy_is_honoured(openai_at, openai_server, proxied, monkeypatch):
    proxied("http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    assert list(openai_at(openai_server.url).stream(chat("tokens=1")))


@pytest.mark.parametrize("first", [b"", CHUNKS[:70]])
def test_an_answer_through_a_proxy_can_be_aborted(openai_at, proxied, first):
    def proxy(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(first)
        waits(sock)

    with RawServer(proxy) as server:
        proxied(server.url)
        stream = openai_at("http://model.example/v1").stream(chat("tell me"))
        reading = Reading(stream)
        wait_until(lambda: server.connections == 1, 5, "the connection")

        stream.abort()

        assert isinstance(reading.join().error, Aborted)
        assert server.handled.acquire(timeout=2)


def test_an_answer_through_a_proxy_has_its_deadlines(openai_at, proxied):
    with RawServer(waits) as server:
        proxied(server.url)
        provider = openai_at("http://model.example/v1", timeouts=Timeouts(5, 0.1, 0.1, 5))

        with pytest.raises(Unavailable, match="stopped answering"):
            list(provider.stream(chat("tell me")))


def test_a_proxy_that_is_not_there_is_unavailable(openai_at, proxied):
    proxied("http://127.0.0.1:1")

    with pytest.raises((Unavailable, Refused)):
        list(openai_at("http://model.example/v1").stream(chat("tell me")))
