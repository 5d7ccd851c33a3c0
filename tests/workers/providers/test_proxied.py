"""Proxies of the environment are used, and change nothing else."""

import socket

import pytest

from tests.fakes.raw import RawServer, read_request, waits
from tests.services.waiting import wait_until
from tests.workers.providers.asking import Reading, chat
from workers.providers.base import Timeouts
from workers.providers.errors import Aborted, Refused, Unavailable

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
