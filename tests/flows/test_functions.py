"""Filters and actions in real workers: all of a turn, many streams at once, lost processes."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes.script import answer_for
from tests.services.client import Account
from tests.services.page_socket import PageSocket
from tests.services.stack import Stack
from tests.services.waiting import wait_until

STACK = {"env": {"JOB_LEASE_S": "1", "PLUGINS_MAX_RUNNERS": "1"}}
FILTER = '''
"""
title: Loud
"""
class Filter:
    async def inlet(self, body, __event_emitter__):
        await __event_emitter__({"type": "status", "data": {"description": "in", "done": True}})
        return body

    def stream(self, event):
        for choice in event.get("choices", []):
            if choice["delta"].get("content"):
                choice["delta"]["content"] = choice["delta"]["content"].upper()
        return event

    def outlet(self, body):
        body["messages"][-1]["content"] += " (out)"
        return body
'''
ACTION = """
class Action:
    async def action(self, body, __event_emitter__, __event_call__):
        said = await __event_call__({"type": "input", "data": {"title": "Who?"}})
        await __event_emitter__({"type": "notification", "data": {"content": f"Hi {said}"}})
        return {"content": said}
"""


@pytest.fixture
def page(dora: Account) -> Iterator[PageSocket]:
    """An open page, that answers what it is asked."""
    made = PageSocket(dora, acknowledge=lambda _kind, data: f"me, {data['title']}")
    yield made
    made.close()


@pytest.fixture(scope="module")
def dora(alice: Account) -> Account:
    """An admin with a filter and an action that are for all models."""
    for name, source in (("loud", FILTER), ("greet", ACTION)):
        form = {"id": name, "name": name, "content": source, "meta": {}}
        assert alice.api("POST", "/api/v1/functions/create", form).status_code == 200
        for switch in ("toggle", "toggle/global"):
            alice.api("POST", f"/api/v1/functions/id/{name}/{switch}")
    wait_until(
        lambda: [a["id"] for m in alice.get("/api/models")["data"] for a in m["actions"]],
        10,
        "the action",
    )
    return alice


def turn(account: Account, page: PageSocket, question: str) -> tuple[str, str]:
    """Ask as the page does; gives the ids of the chat and the answer's message."""
    ids = {name: str(uuid.uuid4()) for name in ("q", "a")}
    asked = {"id": ids["q"], "parentId": None, "childrenIds": [ids["a"]], "role": "user"}
    empty = {"id": ids["a"], "parentId": ids["q"], "childrenIds": [], "role": "assistant"}
    messages = {ids["q"]: {**asked, "content": question}, ids["a"]: {**empty, "content": ""}}
    history = {"messages": messages, "currentId": ids["a"]}
    chat = account.api("POST", "/api/v1/chats/new", {"chat": {"title": "T", "history": history}})
    body = {
        "model": account.model(),
        "stream": True,
        "messages": [{"role": "user", "content": question}],
        "chat_id": chat.json()["id"],
        "id": ids["a"],
        "session_id": page.sid,
    }
    answer = account.api("POST", "/api/chat/completions", body)
    assert answer.status_code == 200, answer.text
    return chat.json()["id"], ids["a"]


def stored(account: Account, chat_id: str, message_id: str) -> dict:
    return account.get(f"/api/v1/chats/{chat_id}")["chat"]["history"]["messages"][message_id]


def test_a_pages_turn_passes_all_sides_of_a_filter_once(dora: Account, page: PageSocket):
    question = "tell me tokens=12 delay=5"

    chat_id, message_id = turn(dora, page, question)
    shown = page.read_answer()

    assert shown == answer_for(question).upper() + " (out)"
    message = stored(dora, chat_id, message_id)
    assert message["content"] == shown
    assert message["statusHistory"] == [{"description": "in", "done": True}]


def test_many_streams_pass_at_once_and_stay_whole(dora: Account):
    questions = [f"question {n} tokens=50 delay=10" for n in range(30)]

    with ThreadPoolExecutor(30) as threads:
        readers = list(threads.map(lambda q: dora.follow(dora.ask(q)), questions))

    assert [reader.text for reader in readers] == [answer_for(q).upper() for q in questions]


def test_a_stream_goes_on_when_the_process_of_its_filter_is_killed(stack: Stack, dora: Account):
    question = "tell me tokens=120 delay=20"
    reader = dora.reader(dora.ask(question))
    wait_until(lambda: "W010" in reader.text, 20, "some words")
    children = [one for one in stack.inference[0].family() if one.is_running()][1:]

    for child in children:
        child.kill()

    assert children
    assert reader.finish(60).end == "completed"
    assert reader.text == answer_for(question).upper()


def test_a_turn_whose_worker_is_killed_passes_the_filter_anew(
    stack: Stack, dora: Account, page: PageSocket
):
    question = "tell me tokens=80 delay=20"
    chat_id, message_id = turn(dora, page, question)
    wait_until(lambda: "W010" in stored(dora, chat_id, message_id)["content"], 20, "some words")

    stack.inference[0].kill()
    stack.inference[0].restart()

    end = answer_for(question).upper() + " (out)"
    wait_until(lambda: stored(dora, chat_id, message_id)["content"] == end, 60, "the whole answer")


def test_an_action_asks_and_tells_the_page_that_called_it(dora: Account, page: PageSocket):
    sent = [{"id": "m", "role": "assistant", "content": "x"}]
    body = {"model": dora.model(), "messages": sent, "chat_id": "local", "id": "m"}

    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(
            dora.api, "POST", "/api/chat/actions/greet", {**body, "session_id": page.sid}
        )
        told = [page.read(), page.read()]

    assert answer.result().json() == {"content": "me, Who?"}
    assert [kind for kind, _ in told] == ["input", "notification"]
