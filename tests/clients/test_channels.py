"""Rooms and who is here, as the `python-socketio` client sees them at two web processes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.page_socket import PageSocket
from tests.services.client import Account, add_user
from tests.services.stack import Stack
from tests.services.waiting import wait_until

CHANNELS = "/api/v1/channels"
OLDER, NEWER = "channel-events", "events:channel"


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    return {"web": 2, "inference": 0}


@pytest.fixture
def bob(alice: Account, stack: Stack) -> Account:
    """Another user, who is at the other web process."""
    return add_user(alice).at(stack.bases[1])


@pytest.fixture
def open_page() -> Iterator[Callable[[Account], PageSocket]]:
    """Open pages that have joined."""
    made: list[PageSocket] = []

    def make(account: Account) -> PageSocket:
        made.append(PageSocket(account, token=account.token))
        made[-1].join()
        return made[-1]

    yield make
    for one in made:
        one.close()


def new_channel(alice: Account, **more: Any) -> str:
    return str(alice.api("POST", f"{CHANNELS}/create", {"name": "room", **more}).json()["id"])


def post(account: Account, channel: str, content: str = "Hello") -> str:
    sent = account.api("POST", f"{CHANNELS}/{channel}/messages/post", {"content": content})
    assert sent.status_code == 200, sent.text
    return str(sent.json()["id"])


def heard(page: PageSocket, channel: str, name: str = OLDER) -> list[dict[str, Any]]:
    return [data for event, data in page.heard if event == name and data["channel_id"] == channel]


def typing(channel: str) -> dict[str, Any]:
    inner = {"type": "typing", "data": {"typing": True}}
    return {"channel_id": channel, "message_id": None, "data": inner}


@pytest.mark.parametrize("name", [OLDER, NEWER])
def test_a_message_reaches_the_members_at_another_process(alice, bob, open_page, name):
    channel = new_channel(alice)
    page = open_page(bob)

    message = post(alice, channel)

    wait_until(lambda: heard(page, channel, name), 5, "the message")
    (event,) = heard(page, channel, name)
    assert (event["message_id"], event["data"]["type"]) == (message, "message")
    assert event["data"]["data"]["content"] == "Hello"
    assert event["user"]["id"] == alice.id


def test_a_room_that_is_opened_later_is_heard_too(alice, bob, open_page):
    page = open_page(bob)
    channel = new_channel(alice)

    def is_heard() -> bool:
        post(alice, channel)
        return bool(heard(page, channel))

    wait_until(is_heard, 5, "a message of the new room")


def test_nobody_hears_of_a_room_that_is_not_theirs(alice, bob, open_page):
    closed, open_to_all = new_channel(alice, access_control={}), new_channel(alice)
    page, own = open_page(bob), open_page(alice)

    post(alice, closed)
    page.call("join-channels", {"auth": {"token": bob.token}})
    page.emit("channel-events", typing(closed))
    post(alice, open_to_all)

    wait_until(lambda: heard(page, open_to_all), 5, "the open room's message")
    wait_until(lambda: heard(own, open_to_all), 5, "the open room's message")
    assert heard(page, closed) == []
    assert [e["data"]["type"] for e in heard(own, closed)] == ["message"]


def test_who_is_shut_out_hears_no_more(alice, bob, open_page):
    channel, other = new_channel(alice), new_channel(alice)
    page = open_page(bob)
    post(alice, channel)
    wait_until(lambda: heard(page, channel), 5, "the message before")

    alice.api("POST", f"{CHANNELS}/{channel}/update", {"name": "x", "access_control": {}})

    def is_deaf() -> bool:
        before = len(heard(page, channel)), len(heard(page, other))
        post(alice, channel)
        post(alice, other)
        wait_until(lambda: len(heard(page, other)) > before[1], 5, "the other room's message")
        return len(heard(page, channel)) == before[0]

    wait_until(is_deaf, 5, "silence of the room")


def test_the_members_hear_who_types(alice, bob, open_page):
    channel = new_channel(alice)
    page, own = open_page(bob), open_page(alice)

    page.emit("channel-events", typing(channel))

    wait_until(lambda: heard(own, channel), 5, "that somebody types")
    (event,) = heard(own, channel)
    assert event["data"] == {"type": "typing", "data": {"typing": True}}
    assert (event["user"]["id"], "email" in event["user"]) == (bob.id, False)


@pytest.mark.parametrize(
    "odd",
    [None, 7, {}, {"channel_id": {}}, {"data": 7}, {"data": {"type": "message", "data": {}}}],
)
def test_nothing_else_is_passed_on(alice, bob, open_page, odd):
    channel = new_channel(alice)
    page, own = open_page(bob), open_page(alice)

    sent = {**typing(channel), **odd} if isinstance(odd, dict) and odd else odd
    page.emit("channel-events", sent)
    page.emit("channel-events", typing(channel))

    wait_until(lambda: heard(own, channel), 5, "the good event behind it")
    assert [event["data"]["type"] for event in heard(own, channel)] == ["typing"]


# Who is here


def last(page: PageSocket, name: str) -> Any:
    return next((data for event, data in reversed(page.heard) if event == name), None)


def test_a_page_hears_who_is_here_at_any_process_and_who_has_gone(alice, bob, open_page):
    own = open_page(alice)
    page = open_page(bob)

    wait_until(lambda: bob.id in last(own, "user-list")["user_ids"], 10, "Bob's coming")
    assert set(last(page, "user-list")["user_ids"]) >= {alice.id, bob.id}
    page.close()
    wait_until(lambda: bob.id not in last(own, "user-list")["user_ids"], 10, "Bob's going")


def test_a_page_hears_which_models_are_in_use_and_that_they_are_no_more(alice, bob, open_page):
    own, page = open_page(alice), open_page(bob)

    page.emit("usage", {"action": "chat", "model": "alpha", "chat_id": "x"})

    wait_until(lambda: last(own, "usage") == {"models": ["alpha"]}, 10, "the model in use")
    wait_until(lambda: last(own, "usage") == {"models": []}, 10, "the end of its use")


def test_the_callers_page_hears_of_a_changed_message(alice, open_page):
    body = {"history": {"messages": {"q": {"role": "user", "content": "x"}}, "currentId": "q"}}
    chat = alice.api("POST", "/api/v1/chats/new", {"chat": body}).json()["id"]
    page = open_page(alice)

    alice.api("POST", f"/api/v1/chats/{chat}/messages/q", {"content": "Changed"})

    wait_until(lambda: page.events("q"), 5, "the change")
    assert page.events("q") == [{"type": "chat:message", "data": {"content": "Changed"}}]
