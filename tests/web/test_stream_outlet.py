"""The writing end of a client's connection: each piece whole, whoever writes, and not for ever."""

import socket
import threading

import pytest

from web.stream import outlet
from web.stream.outlet import ClientTooSlow, Outlet, Upgrades


class Wrapped:
    """A socket as gevent gives it: `send` waits with a timeout, the plain socket lies below."""

    def __init__(self, sock):
        self._sock = sock
        self._sock.setblocking(False)
        self.waits = 0

    def send(self, data, flags, timeout_s):
        self.waits += 1
        self._sock.settimeout(timeout_s)
        try:
            return self._sock.send(data, flags)
        finally:
            self._sock.setblocking(False)

    def shutdown(self, how):
        self._sock.shutdown(how)

    def getpeername(self):
        return "the client"


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    theirs.settimeout(5)
    yield Wrapped(ours), theirs
    ours.close()
    theirs.close()


def read_all(sock, count):
    """Read so many bytes in a thread."""
    received = bytearray()

    def read():
        while len(received) < count:
            received.extend(sock.recv(65_536))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return received, thread


def test_nothing_is_written_below_tls(pair):
    wrapped, theirs = pair
    wrapped._sslobj = object()

    Outlet(wrapped).send(b"secret")

    assert wrapped.waits == 1
    assert theirs.recv(100) == b"secret"


def test_a_small_piece_leaves_without_waiting(pair):
    wrapped, theirs = pair

    sent = Outlet(wrapped).send(b"hello")

    assert (sent, theirs.recv(100), wrapped.waits) == (5, b"hello", 0)


def test_a_large_piece_is_sent_to_its_end(pair):
    wrapped, theirs = pair
    piece = bytes(range(256)) * 2000
    received, reader = read_all(theirs, len(piece))

    sent = Outlet(wrapped).send(piece)
    reader.join(10)

    assert sent == len(piece)
    assert bytes(received) == piece
    assert wrapped.waits


def test_the_pieces_of_many_writers_are_not_mixed(pair):
    wrapped, theirs = pair
    made = Outlet(wrapped)
    pieces = [bytes([65 + n]) * 20_000 for n in range(8)]
    received, reader = read_all(theirs, 5 * sum(map(len, pieces)))
    threads = [
        threading.Thread(target=lambda p=piece: [made.send(p) for _ in range(5)])
        for piece in pieces
    ]

    for thread in threads:
        thread.start()
    for thread in [*threads, reader]:
        thread.join(10)

    cut = [bytes(received[at : at + 20_000]) for at in range(0, len(received), 20_000)]
    assert sorted(cut) == sorted(pieces * 5)


def test_a_client_that_takes_nothing_is_given_up(pair, monkeypatch):
    wrapped, theirs = pair
    monkeypatch.setattr(outlet, "PATIENCE_S", 0.05)
    made = Outlet(wrapped)

    with pytest.raises(ClientTooSlow):
        made.send(b"x" * 10_000_000)

    with pytest.raises(ClientTooSlow):
        made.send(b"more")
    rest = b"".join(iter(lambda: theirs.recv(1_000_000), b""))
    assert 0 < len(rest) < 10_000_000
    assert b"more" not in rest


def test_a_slow_client_is_waited_for_as_long_as_it_takes_anything(pair, monkeypatch):
    wrapped, theirs = pair
    monkeypatch.setattr(outlet, "PATIENCE_S", 0.5)
    piece = b"x" * 200_000
    pause, received = threading.Event(), bytearray()

    def read_slowly():
        while len(received) < len(piece):
            pause.wait(0.02)
            received.extend(theirs.recv(4096))

    reader = threading.Thread(target=read_slowly, daemon=True)
    reader.start()

    assert Outlet(wrapped).send(piece) == len(piece)
    reader.join(10)
    assert len(received) == len(piece)


def test_a_client_that_has_left_is_an_error_of_the_socket(pair):
    wrapped, theirs = pair
    theirs.close()

    with pytest.raises(OSError, match="Broken pipe"):
        Outlet(wrapped).send(b"x")


def test_in_all_other_respects_it_is_the_socket(pair):
    assert Outlet(pair[0]).getpeername() == "the client"


def served(**environ):
    """What the inner application gets."""
    got = {}

    def inner(inner_environ, _start_response):
        got.update(inner_environ)
        return []

    Upgrades(inner)(environ, None)
    return got


def test_a_request_that_becomes_a_socket_gets_an_outlet(pair):
    got = served(**{"HTTP_UPGRADE": "WebSocket", "gunicorn.socket": pair[0]})

    assert isinstance(got["gunicorn.socket"], Outlet)


def test_other_requests_keep_their_socket(pair):
    assert served(**{"gunicorn.socket": pair[0]})["gunicorn.socket"] is pair[0]
    assert served(HTTP_UPGRADE="websocket") == {"HTTP_UPGRADE": "websocket"}


def test_no_compression_is_agreed_on():
    got = served(HTTP_UPGRADE="websocket", HTTP_SEC_WEBSOCKET_EXTENSIONS="permessage-deflate")

    assert "HTTP_SEC_WEBSOCKET_EXTENSIONS" not in got
