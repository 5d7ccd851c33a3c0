"""Changing single messages, and what the caller's pages hear of it."""

import json

import pytest

from shared import db, relay
from shared.config.options import get_options
from shared.redis import get_redis
from tests.services.things import message, new_chat, running_answer, stored_message

CHATS = "/api/v1/chats"


@pytest.fixture
def chat_id(member, each_database):
    return new_chat(member.user, message("q"), message("a", "q", "assistant")).id


@pytest.fixture
def heard(member):
    """Gives what the pages of the member have heard of so far."""
    listening = get_redis().pubsub(ignore_subscribe_messages=True)
    listening.subscribe(relay.user_channel(member.id))
    while not listening.subscribed or listening.get_message(timeout=1) is not None:
        pass
    # Its confirmation has been read: nothing published from now on is missed.

    def events():
        found = []
        while (told := listening.get_message(timeout=0.2)) is not None:
            event = json.loads(told["data"])
            found += [event["data"]] if event["type"] == "event" else []
        return found

    yield events
    listening.close()


def test_a_message_gets_another_text_and_the_pages_hear_of_it(member, chat_id, heard):
    answer = member.post(f"{CHATS}/{chat_id}/messages/q", {"content": "Changed"})

    history = answer.json["chat"]["history"]
    assert (history["messages"]["q"]["content"], history["currentId"]) == ("Changed", "q")
    event = {"type": "chat:message", "data": {"content": "Changed"}}
    assert heard() == [{"chat_id": chat_id, "message_id": "q", "data": event}]


def test_a_message_that_is_not_there_yet_follows_the_current_one(member, chat_id):
    answer = member.post(f"{CHATS}/{chat_id}/messages/new", {"content": "Next"})

    made = answer.json["chat"]["history"]["messages"]["new"]
    assert (made["parentId"], made["role"], made["content"]) == ("a", "user", "Next")


@pytest.mark.parametrize(
    ("event", "change"),
    [
        ({"type": "message", "data": {"content": "!"}}, {"content": "text of a!"}),
        ({"type": "replace", "data": {"content": "New"}}, {"content": "New"}),
        (
            {"type": "status", "data": {"description": "Busy"}},
            {"statusHistory": [{"description": "Busy"}]},
        ),
        ({"type": "notification", "data": {"content": "Hello"}}, {}),
    ],
)
def test_an_event_is_sent_and_kept_where_it_is_to_be(member, chat_id, heard, event, change):
    before = member.get(f"{CHATS}/{chat_id}").json["chat"]["history"]["messages"]["a"]

    answer = member.post(f"{CHATS}/{chat_id}/messages/a/event", event)

    after = member.get(f"{CHATS}/{chat_id}").json["chat"]["history"]["messages"]["a"]
    assert (answer.json, after) == (True, {**before, **change})
    assert heard() == [{"chat_id": chat_id, "message_id": "a", "data": event}]


def test_a_message_that_a_job_writes_is_not_to_be_edited(member, each_database):
    chat_id, _ = running_answer(member.user)
    at = f"{CHATS}/{chat_id}/messages/a"

    edited = member.post(at, {"content": "Mine"})
    replaced = member.post(f"{at}/event", {"type": "replace", "data": {"content": "Mine"}})

    assert (edited.status_code, replaced.json) == (400, False)
    assert stored_message(chat_id, "a").content == ""


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("messages/q", {}, 422),
        ("messages/q", {"content": 7}, 422),
        ("messages/q/event", {"type": "status"}, 422),
        ("messages/q/event", {"type": "", "data": {}}, 422),
        (f"messages/{'x' * 129}", {"content": "x"}, 400),
    ],
)
def test_what_is_no_message_or_event_is_refused(member, chat_id, path, body, status):
    assert member.post(f"{CHATS}/{chat_id}/{path}", body).status_code == status


def test_nobody_writes_into_the_chat_of_another(other, chat_id):
    at = f"{CHATS}/{chat_id}/messages/q"

    edited = other.post(at, {"content": "Mine"})
    told = other.post(f"{at}/event", {"type": "replace", "data": {"content": "Mine"}})

    assert (edited.status_code, told.status_code) == (401, 401)
    assert stored_message(chat_id, "q").content == "text of q"


def deny(**permissions):
    with db.transaction():
        get_options().set({"USER_PERMISSIONS": {"chat": permissions}})


def test_who_may_not_edit_does_not(member, chat_id):
    deny(edit=False)

    assert member.post(f"{CHATS}/{chat_id}/messages/q", {"content": "x"}).status_code == 401


def test_who_may_not_delete_does_not(member, admin, chat_id):
    folder = member.post("/api/v1/folders/", {"name": "F"}).json["id"]
    deny(delete=False)

    assert member.delete(f"{CHATS}/{chat_id}").status_code == 401
    assert member.delete(f"{CHATS}/").status_code == 401
    assert member.delete(f"/api/v1/folders/{folder}").status_code == 403
    assert admin.delete(f"{CHATS}/{chat_id}").json is True
