"""Channels over HTTP: who may enter, what is written there, and what the members are told."""

import json

import pytest

from shared import db, relay
from shared.models.channel import ChannelMessage, ChannelReaction
from shared.redis import get_redis

CHANNELS = "/api/v1/channels"


def make(admin, **more):
    answer = admin.post(f"{CHANNELS}/create", {"name": "General", **more})
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.fixture
def channel(admin, each_database):
    return make(admin)["id"]


def write(caller, channel, content="Hello", **more):
    answer = caller.post(f"{CHANNELS}/{channel}/messages/post", {"content": content, **more})
    assert answer.status_code == 200, answer.text
    return answer.json


def read(caller, channel, path=""):
    return caller.get(f"{CHANNELS}/{channel}/messages{path}").json


@pytest.fixture
def told(world):
    """Gives what the web processes were told of rooms so far."""
    listening = get_redis().pubsub(ignore_subscribe_messages=True)
    listening.subscribe(relay.rooms_channel())
    while not listening.subscribed or listening.get_message(timeout=1) is not None:
        pass

    def events():
        found = []
        while (heard := listening.get_message(timeout=0.2)) is not None:
            event = json.loads(heard["data"])
            found += [event["data"]] if event["type"] == "event" else []
        return found

    yield events
    listening.close()


# Channels


def test_a_channel_is_opened_changed_and_closed_by_admins(each_database, admin, member):
    made = make(admin, description="For all", data={"a": 1})
    at = f"{CHANNELS}/{made['id']}"

    changed = admin.post(f"{at}/update", {"name": "Renamed", "description": "New"}).json

    assert (made["name"], made["user_id"], made["access_control"]) == ("general", admin.id, None)
    assert made["created_at"] > 10**18, "nanoseconds"
    assert (changed["name"], changed["description"], changed["data"]) == (
        "Renamed",
        "New",
        {"a": 1},
    )
    assert [c["id"] for c in member.get(f"{CHANNELS}/").json] == [made["id"]]
    assert member.get(at).json == changed
    assert admin.delete(f"{at}/delete").json is True
    assert (member.get(at).status_code, member.get(f"{CHANNELS}/").json) == (404, [])


def test_members_open_change_and_close_no_channel(member, channel):
    at = f"{CHANNELS}/{channel}"

    assert member.post(f"{CHANNELS}/create", {"name": "Mine"}).status_code == 401
    assert member.post(f"{at}/update", {"name": "Mine"}).status_code == 401
    assert member.delete(f"{at}/delete").status_code == 401


def test_a_closed_channel_lets_in_whom_it_names(each_database, admin, member, other):
    control = {"read": {"user_ids": [member.id], "group_ids": []}}
    channel = make(admin, access_control=control)["id"]
    message = write(member, channel)["id"]

    statuses = {
        other.send(method, f"{CHANNELS}/{channel}{path}", body).status_code
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/messages", None),
            ("POST", "/messages/post", {"content": "x"}),
            ("GET", f"/messages/{message}", None),
            ("GET", f"/messages/{message}/thread", None),
            ("POST", f"/messages/{message}/update", {"content": "x"}),
            ("POST", f"/messages/{message}/reactions/add", {"name": "heart"}),
            ("POST", f"/messages/{message}/reactions/remove", {"name": "heart"}),
            ("DELETE", f"/messages/{message}/delete", None),
        )
    }

    assert statuses == {403}
    assert other.get(f"{CHANNELS}/").json == []
    assert len(read(member, channel)) == 1


def test_a_change_without_access_control_leaves_the_channel_as_closed_as_it_was(admin, member):
    channel = make(admin, access_control={})["id"]

    admin.post(f"{CHANNELS}/{channel}/update", {"name": "Renamed"})

    assert member.get(f"{CHANNELS}/{channel}").status_code == 403


@pytest.mark.parametrize(
    "form", [{}, {"name": ""}, {"name": 7}, {"name": "x", "access_control": 7}]
)
def test_what_is_no_channel_is_refused(admin, form):
    assert admin.post(f"{CHANNELS}/create", form).status_code == 422


# Messages


def test_messages_come_in_pieces_newest_first_with_their_authors(member, other, channel):
    for number in range(5):
        write((member, other)[number % 2], channel, f"M{number}")

    pages = [read(other, channel, f"?skip={skip}&limit=2") for skip in (0, 2, 4)]

    assert [m["content"] for page in pages for m in page] == ["M4", "M3", "M2", "M1", "M0"]
    assert pages[0][1]["user"] == {
        "id": other.id, "name": other.user.name, "role": "user", "profile_image_url": "/user.png",
    }  # fmt: skip


def test_a_thread_has_the_replies_and_then_its_first_message(member, other, channel):
    root = write(member, channel, "Root", data={"files": []})
    replies = [write(other, channel, f"R{n}", parent_id=root["id"]) for n in range(3)]

    thread = read(member, channel, f"/{root['id']}/thread")
    (listed,) = read(member, channel)

    assert [m["content"] for m in thread] == ["R2", "R1", "R0", "Root"]
    assert (listed["reply_count"], listed["data"]) == (3, {"files": []})
    assert listed["latest_reply_at"] == replies[-1]["created_at"]
    assert len(read(member, channel, f"/{root['id']}/thread?limit=3")) == 3


def test_a_reply_needs_a_message_of_the_same_channel(admin, member, channel):
    elsewhere = write(member, make(admin)["id"])
    reply = write(member, channel, parent_id=write(member, channel)["id"])

    for parent in (elsewhere["id"], reply["id"], "nowhere"):
        body = {"content": "x", "parent_id": parent}
        assert member.post(f"{CHANNELS}/{channel}/messages/post", body).status_code == 400


def test_reactions_are_counted_once_a_user(member, other, channel):
    message = write(member, channel)["id"]
    at = f"{CHANNELS}/{channel}/messages/{message}/reactions"

    for caller, name in ((member, "heart"), (member, "heart"), (other, "heart"), (other, "eyes")):
        assert caller.post(f"{at}/add", {"name": name}).json is True
    before = read(member, channel)[0]["reactions"]
    for _ in range(2):
        assert other.post(f"{at}/remove", {"name": "heart"}).json is True

    names = [{"id": caller.id, "name": caller.user.name} for caller in (member, other)]
    ids = [member.id, other.id]
    assert before[0] == {"name": "heart", "user_ids": ids, "count": 2, "users": names}
    assert before[1]["name"] == "eyes"
    assert read(member, channel, f"/{message}")["reactions"][0]["count"] == 1


def test_only_authors_and_admins_change_or_delete_a_message(admin, member, other, channel):
    message = write(member, channel)["id"]
    at = f"{CHANNELS}/{channel}/messages/{message}"

    foreign = other.post(f"{at}/update", {"content": "Mine"}), other.delete(f"{at}/delete")
    changed = member.post(f"{at}/update", {"content": "Changed"}).json

    assert [answer.status_code for answer in foreign] == [403, 403]
    assert changed["content"] == "Changed"
    assert admin.delete(f"{at}/delete").json is True
    assert read(member, channel) == []


def test_a_message_is_of_its_own_channel_only(admin, member, channel):
    message = write(member, channel)["id"]
    elsewhere = f"{CHANNELS}/{make(admin)['id']}/messages/{message}"

    assert member.get(elsewhere).status_code == 404
    assert member.delete(f"{elsewhere}/delete").status_code == 404


def test_nothing_is_left_of_a_deleted_thread_or_channel(admin, member, channel):
    for _ in range(2):
        root = write(member, channel)["id"]
        reply = write(member, channel, parent_id=root)["id"]
        member.post(f"{CHANNELS}/{channel}/messages/{reply}/reactions/add", {"name": "heart"})

    member.delete(f"{CHANNELS}/{channel}/messages/{root}/delete")
    after_one = left()
    admin.delete(f"{CHANNELS}/{channel}/delete")

    assert (after_one, left()) == ((2, 1), (0, 0))


def left():
    with db.reading() as session:
        return session.query(ChannelMessage).count(), session.query(ChannelReaction).count()


# What the members are told


def test_the_members_are_told_of_a_message(member, channel, told):
    message = write(member, channel, "Hello")

    (event,) = told()

    assert (event["channel_id"], event["message_id"]) == (channel, message["id"])
    assert event["data"]["type"] == "message"
    assert event["data"]["data"] == read(member, channel)[0]
    assert (event["user"]["id"], event["channel"]["name"]) == (member.id, "general")


def test_the_members_are_told_of_all_that_happens_to_a_message(member, channel, told):
    root = write(member, channel)["id"]
    reply = write(member, channel, parent_id=root)["id"]
    at = f"{CHANNELS}/{channel}/messages/{reply}"
    member.post(f"{at}/update", {"content": "x"})
    for path in ("add", "add", "remove", "remove"):
        member.post(f"{at}/reactions/{path}", {"name": "heart"})
    member.delete(f"{at}/delete")

    heard = [(event["data"]["type"], event["message_id"]) for event in told()]

    assert heard == [
        ("message", root),
        ("message", reply),
        ("message:reply", root),
        ("message:update", reply),
        ("message:reaction:add", reply),
        ("message:reaction:remove", reply),
        ("message:delete", reply),
        ("message:reply", root),
    ]


def test_nobody_is_told_of_what_was_not_stored(member, channel, told):
    member.post(f"{CHANNELS}/{channel}/messages/post", {"content": "x", "parent_id": "nowhere"})

    assert told() == []
