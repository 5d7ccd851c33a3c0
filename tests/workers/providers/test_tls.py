"""Certificates are verified, and TLS can be cut and given up like everything else."""

import socket

import httpx
import pytest

from tests.fakes.raw import RawServer, says, waits
from tests.services.waiting import wait_until
from tests.workers.providers.asking import seconds
from tests.workers.providers.getting import OK, Getting, get
from workers.providers.line import Cut, WasCut


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
        assert took < 5
        assert server.handled.acquire(timeout=2)


def test_tls_is_given_up_when_it_takes_too_long(transport, trusted):
    with (
        RawServer(waits, tls=trusted.server_context()) as server,
        pytest.raises(httpx.ReadTimeout),
    ):
        get(transport, server.url, read=0.1)
