"""The `python-socketio` client as the pages of Open WebUI 0.6.5 and 0.12.4 use it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.page_socket import NEWER, OLDER, PageSocket, ask, stored
from tests.fakes.openai_server import FakeOpenAI, answer_for
from tests.services.client import Account, add_user, signup
from tests.services.stack import Stack
from tests.services.waiting import wait_until

Open = Callable[..., PageSocket]


@pytest.fixture
def open_page(alice: Account) -> Iterator[Open]:
    """Open sockets; without further words Alice's, who says so while connecting."""
    made: list[PageSocket] = []

    def make(account: Account = alice, **how: Any) -> PageSocket:
        made.append(PageSocket(account, **{"token": account.token, **how}))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def page(open_page: Open) -> PageSocket:
    """Alice's page, which has joined."""
    socket = open_page()
    socket.join()
    return socket


@pytest.fixture
def newer_page(page: PageSocket) -> PageSocket:
    """The same as 0.12.4 has it."""
    assert page.call("events:chat", {"chat_id": "", "data": {"type": "join"}}) is True
    return page


# Who is there


def test_joining_is_answered_with_the_user(open_page: Open, alice: Account):
    assert open_page().join() == {"id": alice.id, "name": "Alice"}


def test_the_page_hears_who_is_here(page: PageSocket, alice: Account):
    wait_until(lambda: {name for name, _ in page.heard} >= {"user-list", "usage"}, 5, "greetings")

    told = dict(page.heard)
    assert alice.id in told["user-list"]["user_ids"]
    assert told["usage"] == {"models": []}


def test_a_page_may_connect_before_anybody_signs_in(open_page: Open, alice: Account):
    socket = open_page(token=None)

    assert socket.join(alice.token)["id"] == alice.id
    asked = ask(alice, socket, "After signing in. tokens=3")
    assert socket.wait_done(asked.message)["content"] == answer_for("After signing in. tokens=3")


@pytest.mark.parametrize("token", ["no.good.token", "sk-0123456789abcdef"])
def test_a_wrong_token_leaves_the_socket_open_and_anonymous(open_page: Open, alice: Account, token):
    socket = open_page(token=token)

    assert socket.join() is None
    assert socket.join(alice.token)["id"] == alice.id


def test_an_api_key_opens_no_page(open_page: Open, alice: Account):
    key = alice.api("POST", "/api/v1/auths/api_key").json()["api_key"]

    assert open_page(token=key).join() is None


def test_signing_out_closes_the_page(open_page: Open, alice: Account):
    bob = add_user(alice)
    socket = open_page(bob)
    socket.join()

    bob.api("GET", "/api/v1/auths/signout")

    assert socket.closed.wait(5)


# One answer, as 0.6.5 sees it


def test_an_answer_is_acknowledged_at_once_and_arrives_over_the_socket(
    page: PageSocket, alice: Account
):
    question = "Over the socket. tokens=30 delay=15"

    asked = ask(alice, page, question)

    ack = asked.ack
    assert (ack["status"], ack["task_ids"], ack["chat_id"]) == (True, [ack["task_id"]], asked.chat)
    assert not page.is_done(asked.message)
    last = page.wait_done(asked.message)
    assert last == {"done": True, "content": answer_for(question), "title": "New Chat"}
    assert page.text(asked.message) == answer_for(question)
    assert alice.job(ack["task_id"])["status"] == "completed"


def test_pieces_arrive_while_the_answer_is_made_and_grow_with_its_length_only(
    page: PageSocket, alice: Account
):
    question = "Piece by piece. tokens=300 delay=5"
    asked = ask(alice, page, question)
    page.wait_for(asked.message, "w100")
    assert not page.is_done(asked.message)

    page.wait_done(asked.message)

    pieces = page.events(asked.message)
    assert len(pieces) > 10
    size = sum(len(json.dumps(piece)) for piece in pieces if not piece["data"].get("done"))
    assert size < 200 * len(pieces) + 2 * len(answer_for(question))


def test_the_answer_is_stored_when_its_end_is_told(page: PageSocket, alice: Account):
    question = "Keep it. tokens=5"
    asked = ask(alice, page, question)
    page.wait_done(asked.message)

    message = stored(alice, asked)

    assert (message["content"], message["done"]) == (answer_for(question), True)


def test_title_and_tags_follow_a_first_answer(page: PageSocket, alice: Account):
    wish = {"title_generation": True, "tags_generation": True}

    asked = ask(alice, page, "Name it. tokens=3", background_tasks=wish)

    title = page.wait_type(asked.message, "chat:title")
    assert title.startswith("Title ")
    assert page.wait_type(asked.message, "chat:tags") == ["faketag"]
    assert alice.get(f"/api/v1/chats/{asked.chat}")["title"] == title


def test_reasoning_comes_folded_into_the_content(page: PageSocket, alice: Account):
    asked = ask(alice, page, "Think. think=4 tokens=4 delay=5")

    content = page.wait_done(asked.message)["content"]

    assert content.startswith('<details type="reasoning" done="true"')
    assert content.endswith(answer_for("Think. think=4 tokens=4 delay=5"))


def test_usage_is_told_to_those_who_ask_for_it(page: PageSocket, alice: Account):
    asked = ask(alice, page, "Count. tokens=3", stream_options={"include_usage": True})
    page.wait_done(asked.message)

    usage = [e["data"]["usage"] for e in page.events(asked.message) if "usage" in e["data"]]
    assert usage[0]["total_tokens"] > 3


def test_a_failure_is_told_in_the_providers_words_and_kept(page: PageSocket, alice: Account):
    asked = ask(alice, page, "Well? fail=400")
    page.wait_done(asked.message)

    errors = [e["data"]["error"] for e in page.events(asked.message) if "error" in e["data"]]
    assert "made to fail with 400" in errors[0]["content"]
    assert stored(alice, asked)["error"]["content"] == errors[0]["content"]


def test_stopping_tells_the_page_and_keeps_the_text(
    page: PageSocket, alice: Account, provider: FakeOpenAI
):
    asked = ask(alice, page, "On and on. endless=1 delay=20")
    page.wait_for(asked.message, "w010")

    answer = alice.api("POST", f"/api/tasks/stop/{asked.ack['task_id']}")

    assert (answer.status_code, answer.json()["status"]) == (200, True)
    last = page.wait_done(asked.message)
    assert page.types(asked.message) == ["task-cancelled", "chat:completion"]
    assert "w010" in last["content"]
    assert stored(alice, asked)["content"] == last["content"]
    wait_until(lambda: provider.open_streams == 0, 2, "the provider's connection to close")


def test_running_answers_are_listed_until_they_end(page: PageSocket, alice: Account):
    asked = ask(alice, page, "A while. endless=1 delay=20")
    page.wait_for(asked.message, "w003")

    running = alice.get(f"/api/tasks/chat/{asked.chat}")["task_ids"]

    assert running == [asked.ack["task_id"]]
    alice.api("POST", f"/api/tasks/stop/{running[0]}")
    page.wait_done(asked.message)
    assert alice.get(f"/api/tasks/chat/{asked.chat}")["task_ids"] == []


def test_without_stream_the_whole_answer_comes_in_the_request_after_the_events(
    page: PageSocket, alice: Account
):
    question = "In one piece. tokens=5"

    asked = ask(alice, page, question, stream=False)

    assert asked.ack["choices"][0]["message"]["content"] == answer_for(question)
    assert page.wait_done(asked.message)["content"] == answer_for(question)
    assert stored(alice, asked)["content"] == answer_for(question)


def test_a_temporary_chat_is_answered_and_not_stored(page: PageSocket, alice: Account):
    question = "Forget it. tokens=4"
    body = {
        "model": "fake-alpha",
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        "session_id": page.sid,
        "chat_id": "local",
        "id": "answer-1",
    }

    sent = alice.api("POST", "/api/chat/completions", body)

    assert sent.json()["chat_id"] == "local"
    assert page.wait_done("answer-1")["content"] == answer_for(question)
    assert {e["chat_id"] for n, e in page.heard if n == OLDER} == {"local"}


def test_who_asks_without_a_session_gets_a_stream_and_the_page_hears_nothing(
    page: PageSocket, alice: Account
):
    body = {"model": "fake-alpha", "messages": [{"role": "user", "content": "tokens=3"}]}

    answer = alice.api("POST", "/api/chat/completions", {**body, "stream": True})

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("data: [DONE]\n\n")
    asked = ask(alice, page, "Then this. tokens=3")
    page.wait_done(asked.message)
    assert {e["message_id"] for n, e in page.heard if n == OLDER} == {asked.message}


# Several sockets


def test_all_sockets_of_a_user_hear_all(page: PageSocket, open_page: Open, alice: Account):
    other = open_page()
    question = "Everywhere. tokens=20 delay=10"

    asked = ask(alice, page, question)

    assert page.wait_done(asked.message) == other.wait_done(asked.message)
    assert page.text(asked.message) == other.text(asked.message) == answer_for(question)


def test_a_socket_that_comes_in_the_middle_gets_the_whole_text(
    page: PageSocket, open_page: Open, alice: Account
):
    question = "Come in. tokens=60 delay=20"
    asked = ask(alice, page, question)
    page.wait_for(asked.message, "w010")

    late = open_page()

    late.wait_for(asked.message, "w012")
    assert not late.is_done(asked.message)
    assert late.text(asked.message).startswith(answer_for(question)[:20])
    assert late.wait_done(asked.message)["content"] == answer_for(question)


def test_a_stranger_hears_nothing(page: PageSocket, open_page: Open, alice: Account):
    bob, nobody = open_page(add_user(alice)), open_page(token=None)
    bob.join()

    asked = ask(alice, page, "Mine alone. tokens=10")

    page.wait_done(asked.message)
    for stranger in (bob, nobody):
        stranger.join()  # whose answer comes behind everything else
        assert not {name for name, _ in stranger.heard} & {OLDER, NEWER}


def test_a_stranger_who_names_the_sockets_id_hears_nothing(
    page: PageSocket, open_page: Open, alice: Account
):
    bob = open_page(add_user(alice))
    bob.join()

    asked = ask(alice, bob, "By the way. tokens=5")

    page.wait_done(asked.message)
    bob.join()
    assert not {name for name, _ in bob.heard} & {OLDER, NEWER}


def test_sockets_at_other_web_processes_hear_it_too(new_stack, open_page: Open):
    stack = new_stack(web=2)
    near = signup(stack.base)
    far = near.at(stack.bases[1])
    pages = [open_page(near), open_page(far)]
    question = "Across. tokens=20 delay=10"

    asked = ask(far, pages[0], question)

    for one in pages:
        assert one.wait_done(asked.message)["content"] == answer_for(question)
        assert one.text(asked.message) == answer_for(question)


def test_long_polling_carries_the_same(new_stack, open_page: Open):
    owner = signup(new_stack(env={"ENABLE_WEBSOCKET_SUPPORT": "false"}).base)
    socket = open_page(owner, transport="polling")
    question = "By polling. tokens=40 delay=10"

    assert socket.join()["id"] == owner.id
    asked = ask(owner, socket, question)

    assert socket.wait_done(asked.message)["content"] == answer_for(question)
    assert socket.text(asked.message) == answer_for(question)


# As 0.12.4 sees it


def test_the_newer_page_hears_the_same_under_its_own_name(newer_page: PageSocket, alice: Account):
    question = "Under the new name. tokens=30 delay=10"

    asked = ask(alice, newer_page, question)

    assert newer_page.wait_done(asked.message, NEWER)["content"] == answer_for(question)
    assert newer_page.text(asked.message, NEWER) == answer_for(question)
    assert newer_page.wait_type(asked.message, "chat:active", NEWER) == {"active": True}
    wait_until(
        lambda: newer_page.events(asked.message, NEWER)[-1]["data"] == {"active": False},
        5,
        "the end of the turn",
    )
    assert len(newer_page.events(asked.message, NEWER)) > 5


def test_the_newer_page_stops_by_the_chat(
    newer_page: PageSocket, alice: Account, provider: FakeOpenAI
):
    asked = ask(alice, newer_page, "On and on. endless=1 delay=20")
    newer_page.wait_for(asked.message, "w005", NEWER)

    answer = alice.api("POST", f"/api/tasks/chat/{asked.chat}/stop")

    assert (answer.status_code, answer.json()["status"]) == (200, True)
    newer_page.wait_done(asked.message, NEWER)
    assert "chat:tasks:cancel" in newer_page.types(asked.message, NEWER)
    wait_until(lambda: provider.open_streams == 0, 2, "the provider's connection to close")


def test_the_newer_page_hears_of_a_failure_under_its_own_name(
    newer_page: PageSocket, alice: Account
):
    asked = ask(alice, newer_page, "Well? fail=400")

    error = newer_page.wait_type(asked.message, "chat:message:error", NEWER)

    assert "made to fail with 400" in error["error"]["content"]


def test_a_page_that_turns_out_to_be_newer_in_the_middle_misses_nothing(
    page: PageSocket, alice: Account
):
    question = "Late to the party. tokens=60 delay=20"
    asked = ask(alice, page, question)
    page.wait_for(asked.message, "w010")
    assert page.text(asked.message, NEWER) == ""

    page.call("events:chat", {"chat_id": asked.chat, "data": {"type": "join"}})

    page.wait_for(asked.message, "w020", NEWER)
    assert not page.is_done(asked.message, NEWER)
    assert answer_for(question).startswith(page.text(asked.message, NEWER))


# Losses


def test_a_lost_worker_is_not_seen_at_the_end(page: PageSocket, alice: Account, stack: Stack):
    question = "Hold on. tokens=60 delay=20"
    asked = ask(alice, page, question)
    page.wait_for(asked.message, "w010")

    stack.inference[0].restart()

    assert page.wait_done(asked.message)["content"] == answer_for(question)
    assert page.text(asked.message) == answer_for(question)
