"""The page's door: what it keeps for a socket that does not read, and whom it tells nothing."""

import json
import threading

import pytest
from gevent.queue import JoinableQueue

from shared import page_calls, relay
from shared.services.accounts import Principal
from tests.services.waiting import wait_until
from web.stream.socketio import Door, _Client, _Crowd
from web.stream.turns import Notice, translator
from web.stream.work import Work

pytestmark = pytest.mark.usefixtures("world")

WORK = Work("job", "inference.run_chat", "chat", "message")
PIECE = Notice("chat:completion", {"choices": [{"delta": {"content": "x" * 1000}}]}, is_delta=True)
END = Notice("chat:completion", {"done": True, "content": "all of it"})


class Lane:
    """A socket of Engine.IO, whose queue nobody empties."""

    closed = False

    def __init__(self):
        self.queue = JoinableQueue()

    def send(self, packet):
        self.queue.put(packet)


class Healed:
    """A job's relay that counts how often it was asked for the whole text."""

    count = 0

    def heal(self):
        self.count += 1


@pytest.fixture
def door():
    return Door()


@pytest.fixture
def lane(door):
    door.server.eio.sockets["engine"] = Lane()
    return door.server.eio.sockets["engine"]


@pytest.fixture
def crowd():
    user = Principal("u", "U", "u@example.com", "user", "/user.png")
    client = _Client("sid", "engine", "token", user)
    return _Crowd(lambda _: None, threading.Event(), {"sid": client}, {"job": Healed()})


def characters(lane):
    return sum(len(packet.data) for packet in lane.queue.queue)


def test_pieces_for_a_socket_that_does_not_read_are_bounded(door, lane, crowd):
    for _ in range(5000):
        door._send(crowd, WORK, [PIECE])

    assert characters(lane) < 700_000


def test_the_end_reaches_a_socket_that_lags(door, lane, crowd):
    for _ in range(1000):
        door._send(crowd, WORK, [PIECE])

    door._send(crowd, WORK, [END])

    assert any("all of it" in packet.data for packet in lane.queue.queue)


def test_a_socket_that_has_caught_up_gets_the_whole_text(door, lane, crowd):
    for _ in range(1000):
        door._send(crowd, WORK, [PIECE])
    lane.queue.queue.clear()

    door._send(crowd, WORK, [PIECE])

    assert crowd.turns["job"].count == 1
    assert lane.queue.qsize() == 1


def test_many_small_packets_are_no_sign_of_lagging(door, lane, crowd):
    small = Notice("chat:completion", {"choices": [{"delta": {"content": "x"}}]}, is_delta=True)
    for _ in range(500):
        door._send(crowd, WORK, [small])

    assert lane.queue.qsize() == 500


def test_a_socket_that_nobody_has_signed_in_on_is_not_told_who_is_here(door, lane, monkeypatch):
    told = []
    monkeypatch.setattr(door.server, "emit", lambda name, *_args, **_more: told.append(name))

    door._on_user_list("a stranger's socket")

    assert not told


def test_a_socket_whose_token_has_run_out_is_closed_when_the_next_job_begins(
    door, lane, crowd, monkeypatch
):
    closed = []
    monkeypatch.setattr(door.server, "disconnect", closed.append)
    monkeypatch.setattr("web.auth.is_member_still", lambda _credential: False)
    relay.append("job", 1, "completed", {})

    door._run(crowd, WORK, translator(WORK.kind, WORK.chat_id, WORK.message_id, ""))

    assert closed == ["sid"]


def test_what_may_be_lost_is_not_kept_for_a_socket_that_does_not_read(door, lane, crowd):
    door._crowds["u"], door._users["sid"] = crowd, "u"

    for _ in range(5000):
        door._hand("sid", "2[]")

    assert lane.queue.qsize() == 300


def test_nothing_is_handed_to_a_socket_that_is_gone(door, lane):
    door._hand("sid", "2[]")

    assert lane.queue.qsize() == 0


# Questions of workers


def asked(door, lane, crowd, session_id, call_id="c1"):
    """Let a worker ask, and give what went out to the socket."""
    door._crowds["u"] = crowd
    event = {"chat_id": "chat", "message_id": "m", "data": {"type": "input", "data": {}}}
    call = {"id": call_id, "session_id": session_id, "event": event, "stream": ""}
    sent = []
    door.server.emit = lambda name, data, to, callback: sent.append((name, data, to, callback))
    door._hear("u", json.dumps({"type": "call", "data": call}).encode())
    return sent


def test_a_page_is_asked_and_what_it_acknowledges_goes_back(door, lane, crowd):
    sent = asked(door, lane, crowd, "sid")

    name, event, to, callback = sent[0]
    assert (name, event["data"]["type"], to) == ("chat-events", "input", "sid")
    callback("an answer")
    wait_until(lambda: len(page_calls.told("c1", 0)) == 2, 5, "the answer to come back")
    assert page_calls.told("c1", 0) == [("taken", None), ("answer", "an answer")]


def test_the_socket_of_another_user_is_never_asked(door, lane, crowd):
    sent = asked(door, lane, crowd, "somebody else's")

    assert not sent
