"""Rooms: who is in them, and what is passed on."""

import json

import pytest

from shared import db
from shared.services import channels
from shared.services.channels import Draft
from tests.services.things import new_user
from tests.services.waiting import wait_until
from web.stream.rooms import Rooms

pytestmark = pytest.mark.usefixtures("world")


class Sockets:
    """Keeps what each socket gets."""

    def __init__(self):
        self.got = []

    def send(self, sid, packet):
        self.got.append((sid, *json.loads(packet[1:])))


@pytest.fixture
def sockets():
    return Sockets()


@pytest.fixture
def rooms(sockets):
    return Rooms(sockets.send)


def open_channel(control=None):
    with db.transaction():
        return channels.create(new_user("admin"), Draft("room", None, None, None, control))


def event(channel):
    return {"channel_id": channel.id, "message_id": "m", "data": {"type": "message", "data": {}}}


def test_an_event_goes_to_those_in_its_room_under_both_names(rooms, sockets):
    channel, member = open_channel(), new_user()
    rooms.enter("in", member)
    rooms.enter("out", member)
    rooms.leave("out")

    rooms.hear("event", event(channel))

    assert sockets.got == [
        ("in", "channel-events", event(channel)),
        ("in", "events:channel", event(channel)),
    ]


def test_an_event_of_a_room_that_is_closed_to_a_user_goes_nowhere(rooms, sockets):
    channel = open_channel(control={})
    rooms.enter("sid", new_user())

    rooms.hear("event", event(channel))

    assert sockets.got == []


def test_a_changed_room_is_looked_at_again(rooms, sockets):
    channel = open_channel()
    rooms.enter("sid", new_user())
    with db.transaction():
        channels.change(channels.find(new_user("admin"), channel.id), {"access_control": {}})

    rooms.hear("access", {})

    wait_until(lambda: not rooms._members["sid"].rooms, 5, "the member's leaving")
    rooms.hear("event", event(channel))
    assert sockets.got == []


def test_a_socket_that_nobody_has_signed_in_on_says_nothing(rooms):
    inner = {"type": "typing", "data": {"typing": True}}

    rooms.say("stranger", {"channel_id": "x", "message_id": None, "data": inner})


def test_nothing_fails_while_redis_is_away(rooms, mortal_valkey):
    channel = open_channel()
    rooms.enter("sid", new_user())
    mortal_valkey.kill()

    inner = {"type": "typing", "data": {"typing": True}}
    rooms.say("sid", {"channel_id": channel.id, "message_id": None, "data": inner})
