"""Answers in which the page takes part: it runs code and asks models, over a real socket."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.page_socket import PageSocket, ask, stored
from tests.services.client import Account
from tests.services.stack import Stack
from tests.services.waiting import wait_until

ITEM = {"id": "mine", "name": "Mine", "direct": True, "urlIdx": 0}
Answer = Callable[["TakingPart", str, dict[str, Any]], Any]


class TakingPart(PageSocket):
    """A page that answers what it is asked.

    Attributes:
        asked: Types and data of these questions.
    """

    def __init__(self, account: Account, answer: Answer):
        super().__init__(account, account.token)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answer = answer
        self._client.on("chat-events", self._take)
        self.join()

    def _take(self, envelope: dict[str, Any]) -> Any:
        self.heard.append(("chat-events", envelope))
        kind, data = envelope["data"]["type"], envelope["data"].get("data")
        if not isinstance(data, dict) or data.get("session_id") != self.sid:
            return None
        self.asked.append((kind, data))
        return self._answer(self, kind, data)


@pytest.fixture
def open_page(alice: Account) -> Iterator[Callable[[Answer], TakingPart]]:
    made: list[TakingPart] = []

    def make(answer: Answer) -> TakingPart:
        made.append(TakingPart(alice, answer))
        return made[-1]

    yield make
    for page in made:
        page.close()


def chunk(text: str, reason: str | None = None) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    return f"data: {json.dumps({'choices': [choice]})}"


def stream(page: TakingPart, channel: str, pieces: list[str]) -> dict[str, bool]:
    for piece in pieces:
        page.emit(channel, piece)
    page.emit(channel, {"done": True})
    return {"status": True}


def test_code_runs_in_the_browser_and_its_output_is_shown(open_page, alice: Account):
    page = open_page(lambda *_: {"stdout": "6", "stderr": "", "result": None})

    asked = ask(alice, page, "runs=6 delay=0", features={"code_interpreter": True})

    page.wait_done(asked.message)
    assert page.asked[0][0] == "execute:python"
    assert page.asked[0][1]["code"] == "print(6)"
    content = stored(alice, asked)["content"]
    assert "<summary>Analyzed</summary>\n```python\nprint(6)\n```" in content
    assert content.startswith("Let me see.")
    assert page.text(asked.message) == content


def test_a_worker_killed_while_code_runs_is_followed_by_one_that_asks_again(
    open_page, alice: Account, stack: Stack
):
    times: list[int] = []

    def answer(*_: Any) -> dict[str, str]:
        times.append(len(times))
        if len(times) == 1:
            stack.inference[0].restart()
        return {"stdout": "6", "stderr": ""}

    page = open_page(answer)

    asked = ask(alice, page, "runs=6 delay=0", features={"code_interpreter": True})

    page.wait_done(asked.message)
    content = stored(alice, asked)["content"]
    assert len(times) == 2
    assert content.count("<details") == content.count('done="true"') == 1
    assert content.count("Let me see.") == 1


def test_a_direct_connection_streams_through_the_socket_in_order(open_page, alice: Account):
    words = [f"w{n} " for n in range(300)]
    lines = [line for word in words for line in (chunk(word), "")]
    lines += [chunk("", "stop"), "", "data: [DONE]"]
    page = open_page(lambda page, _, data: stream(page, data["channel"], lines))

    asked = ask(alice, page, "anything", model="mine", model_item=ITEM)

    page.wait_done(asked.message)
    assert page.asked[0][1]["form_data"]["model"] == "mine"
    assert page.text(asked.message) == "".join(words)
    assert stored(alice, asked)["content"] == "".join(words)


def test_a_page_that_closes_in_the_middle_leaves_a_clear_error(open_page, alice: Account):
    def leave(page: TakingPart, _kind: str, data: dict[str, Any]) -> dict[str, bool]:
        for line in (chunk("half "), "", chunk("lost")):
            page.emit(data["channel"], line)
        page.emit("usage", {})
        page.close()
        return {"status": True}

    page = open_page(leave)

    asked = ask(alice, page, "anything", model="mine", model_item=ITEM)

    wait_until(lambda: "error" in stored(alice, asked), 20, "the error")
    assert "was closed or has lost its connection" in stored(alice, asked)["error"]["content"]


def test_the_page_hears_first_which_model_of_the_arena_answers(open_page, alice: Account):
    about = {"model_ids": ["fake-beta"], "filter_mode": "include", "access_control": None}
    made = {"id": "blind", "name": "Blind", "meta": {"description": "", **about}}
    config = {"ENABLE_EVALUATION_ARENA_MODELS": True, "EVALUATION_ARENA_MODELS": [made]}
    assert alice.api("POST", "/api/v1/evaluations/config", config).status_code == 200
    page = open_page(lambda *_: None)

    question = {"model": "blind", "messages": [{"role": "user", "content": "tokens=1 delay=0"}]}

    def answers() -> bool:
        return bool(alice.api("POST", "/api/chat/completions", question).status_code == 200)

    wait_until(answers, 10, "all processes to know of the arena")
    asked = ask(alice, page, "tokens=2 delay=0", model="blind")

    page.wait_done(asked.message)
    completions = [e["data"] for e in page.events(asked.message) if e["type"] == "chat:completion"]
    assert completions[0] == {"selected_model_id": "fake-beta"}
    assert stored(alice, asked)["selectedModelId"] == "fake-beta"
