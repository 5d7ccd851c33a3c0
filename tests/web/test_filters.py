"""Functions as filters of chats: what they change, in which order, and how they end a turn."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete

from shared import db
from shared.models.function import Function
from shared.models.job import CANCELLED, COMPLETED
from shared.services import models
from tests.fakes.script import answer_for
from tests.services.things import (
    describe,
    events_of,
    message,
    new_chat,
    new_function,
    offer,
    row_of,
    stored_message,
)
from tests.services.waiting import wait_until
from workers.batches import asking
from workers.batches.checking import Request
from workers.filters import streaming
from workers.filters.base import FilterFailed
from workers.providers.line import Cut

pytestmark = pytest.mark.usefixtures("plugins_end")

TAGGING = """
from pydantic import BaseModel

class Filter:
    class Valves(BaseModel):
        priority: int = 0
        tag: str = "TAG"

    class UserValves(BaseModel):
        tone: str = "plain"

    def __init__(self):
        self.valves = self.Valves()

    async def inlet(self, body: dict, __user__: dict, __metadata__=None, __event_emitter__=None):
        tone = __user__["valves"].tone
        body["messages"][-1]["content"] += f" {self.valves.tag} {tone}"
        await __event_emitter__({"type": "status", "data": {"description": "seen", "done": True}})
        return body

    def outlet(self, body: dict) -> dict:
        body["messages"][-1]["content"] += f" ({self.valves.tag})"
        return body
"""


@pytest.fixture(autouse=True)
def served(world, worker, openai_server):
    """A model that everybody may use."""
    offer("fake-alpha", url=openai_server.url)
    return openai_server


def method(line, name="inlet"):
    """The source of a filter with one method of one line."""
    return f"import os, time\nclass Filter:\n    def {name}(self, body):\n        {line}\n"


def add(source, function_id="one", **values):
    new_function(function_id, source, **{"is_active": True, "is_global": True, **values})
    models.forget_catalogue()


def ask(caller, question="Hello say=one+two", **more):
    asked = [{"role": "user", "content": question}]
    return caller.post("/api/chat/completions", {"model": "fake-alpha", "messages": asked, **more})


def sent_to(server):
    """The last question that the provider was asked."""
    return [r["json"]["messages"][-1]["content"] for r in server.log() if r["json"]][-1]


def test_an_inlet_changes_what_is_asked(member, served):
    add(TAGGING)

    answer = ask(member)

    assert answer.status_code == 200, answer.text
    assert sent_to(served) == "Hello say=one+two TAG plain"


def test_filters_come_in_the_order_of_their_priority(member, served):
    add(TAGGING, "late", valves={"tag": "late", "priority": 5})
    add(TAGGING, "early", valves={"tag": "early", "priority": -1})

    ask(member)

    assert sent_to(served) == "Hello say=one+two early plain late plain"


def test_a_filter_is_for_all_models_or_for_those_that_name_it(member, served):
    add(TAGGING, "named", is_global=False, valves={"tag": "named"})
    add(TAGGING, "unnamed", is_global=False, valves={"tag": "unnamed"})
    add(TAGGING, "off", is_active=False, valves={"tag": "off"})
    with db.transaction() as session:
        session.merge(describe("fake-alpha", meta={"filterIds": ["named", "off"]}))
    models.forget_catalogue()

    ask(member)

    assert sent_to(served) == "Hello say=one+two named plain"


def test_a_filter_gets_the_valves_of_its_user(member, served):
    add(TAGGING)
    member.post("/api/v1/functions/id/one/valves/user/update", {"tone": "loud"})

    ask(member)

    assert sent_to(served).endswith("TAG loud")


def test_an_answer_is_stored_as_the_outlet_wants_it_and_seen_once(member):
    add(TAGGING)
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content=""))

    ask(member, chat_id=chat.id, id="a", session_id="s")
    sent = [{"id": "a", "role": "assistant", "content": "one two"}]
    body = {"model": "fake-alpha", "messages": sent, "chat_id": chat.id, "session_id": "s"}
    answer = member.post("/api/chat/completed", {**body, "id": "a"})

    row = stored_message(chat.id, "a")
    assert row.content == "one two (TAG)"
    assert row.data["statusHistory"] == [{"description": "seen", "done": True}]
    assert answer.json["messages"][0]["content"] == "one two (TAG)"


def test_a_temporary_answer_is_seen_when_the_page_tells_of_it(member):
    add(TAGGING)
    sent = [{"id": "a", "role": "assistant", "content": "one two"}]
    body = {"model": "fake-alpha", "messages": sent, "chat_id": "local", "session_id": "s"}
    ask(member)  # the models are known from now on

    answer = member.post("/api/chat/completed", {**body, "id": "a"})

    assert answer.json["messages"][0]["content"] == "one two (TAG)"


def test_what_a_filter_tells_stands_in_the_jobs_log(member):
    add(TAGGING)

    job = ask(member, background=True).json["job"]

    wait_until(lambda: row_of(job).status == COMPLETED, 20, "the answer")
    told = [e["data"] for e in events_of(job) if e["type"] == "event"]
    assert told == [{"type": "status", "data": {"description": "seen", "done": True}}]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("raise Exception('Not today')", "Error: Not today"),
        ("return 'nonsense'", "gave back"),
        ("return {'messages': 3}", "gave back"),
        ("os._exit(3)", "Error: "),
        ("return {**body, 'x': 'x' * 80_000_000}", "Error: "),
        ("while True: bytearray(50_000_000)[0]; body.setdefault('y', []).append('y' * 10**7)", ""),
    ],
    ids=["raises", "text", "no-request", "dies", "floods", "eats-memory"],
)
def test_a_filter_that_fails_ends_its_own_turn_only(member, configure, served, line, words):
    configure(plugins_memory_mb=256)
    add(method(line), valves=None)

    failed = ask(member)
    with db.transaction() as session:
        session.execute(delete(Function))
    models.forget_catalogue()
    next_one = ask(member)

    assert next_one.status_code == 200
    assert failed.status_code == 400
    assert words in failed.json["detail"]


def test_a_filter_that_hangs_is_ended_and_the_next_turn_goes_on(member, configure, served):
    add(
        method(
            "time.sleep(600) if 'hang' in body['messages'][-1]['content'] else None; return body"
        )
    )
    ask(member)  # starts its process, for which there is more time

    configure(plugins_timeout_s=0.5)
    hung = ask(member, "please hang")
    configure(plugins_timeout_s=30)
    answer = ask(member)

    assert (hung.status_code, answer.status_code) == (400, 200)
    assert "took too long" in hung.json["detail"]


def test_a_turn_is_cancelled_while_its_filter_hangs(member, tmp_path):
    add(method("time.sleep(600)"))
    job = ask(member, background=True).json["job"]
    wait_until(lambda: row_of(job).status == "running", 10, "the beginning")

    member.post(f"/api/v1/jobs/{job}/cancel")

    wait_until(lambda: row_of(job).status == CANCELLED, 10, "the end")


def test_a_source_that_cannot_be_loaded_ends_the_turn_in_words(member):
    add("import nothing_of_this_name\n" + method("return body"))

    answer = ask(member)

    assert answer.status_code == 400
    assert "nothing_of_this_name" in answer.json["detail"]


def test_a_filter_that_reads_files_itself_leaves_none(member, served):
    add("class Filter:\n    file_handler = True\n    def inlet(self, body):\n        return body\n")

    answer = ask(member, files=[{"type": "text", "name": "n", "content": "secret text"}])

    assert answer.status_code == 200
    assert "secret text" not in str(served.log()[-1]["json"])


def test_a_filter_that_fails_after_it_has_told_something_is_answered_with_a_status(member):
    add(
        "class Filter:\n    async def inlet(self, body, __event_emitter__=None):\n"
        "        await __event_emitter__({'type': 'status', 'data': {'description': 'x'}})\n"
        "        raise Exception('Not today')\n"
    )

    answer = ask(member, stream=True)

    assert (answer.status_code, answer.json["detail"]) == (400, "Error: Not today")


def test_a_filter_sees_which_features_are_wanted(member):
    add(method("assert body['features']['web_search'] is False; return body"))

    assert ask(member).status_code == 200


def test_a_source_with_bad_manners_is_taken(admin):
    source = "class Filter:\n    words = 'a\\`b'\n"
    form = {"id": "rude", "name": "Rude", "content": source, "meta": {}}

    assert admin.post("/api/v1/functions/create", form).status_code == 200


# Streams

STREAMING = """
class Filter:
    def __init__(self):
        self.seen = 0

    def stream(self, event: dict) -> dict:
        for choice in event.get("choices", []):
            delta = choice["delta"]
            if delta.get("content"):
                self.seen += 1
                delta["content"] = delta["content"].upper()
        return event
"""


def text_of(answer):
    lines = [one for one in answer.text.split("\n\n") if one.startswith("data: {")]
    chunks = [json.loads(one.removeprefix("data: ")) for one in lines]
    return "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])


def test_a_stream_passes_through_a_filter(member):
    add(STREAMING)

    answer = ask(member, "Hello tokens=40", stream=True)

    assert text_of(answer) == answer_for("Hello tokens=40").upper()
    assert answer.text.endswith("data: [DONE]\n\n")


def test_reasoning_and_calls_pass_through_too(member):
    add(STREAMING)
    tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]

    answer = ask(member, "Hello think=3 tool=look args=a:1", stream=True, tools=tools)

    assert '"reasoning_content"' in answer.text
    assert '"name":"look"' in answer.text
    assert '"finish_reason":"tool_calls"' in answer.text


def test_many_streams_pass_through_a_filter_at_once_and_stay_whole(member):
    add(STREAMING)
    questions = [f"Question {n} tokens=60 delay=2" for n in range(12)]

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda q: text_of(ask(member, q, stream=True)), questions))

    assert answers == [answer_for(q).upper() for q in questions]


def test_pieces_of_which_a_filter_leaves_nothing_are_left_out(member):
    add(
        method("return body if 'two' not in str(body) else None", "stream").replace("body", "event")
    )

    answer = ask(member, stream=True)

    assert text_of(answer) == "one "


def test_an_event_in_a_piece_reaches_the_log(member):
    said = {"type": "notification", "data": {"type": "info", "content": "Hi"}}
    add(method(f"return {{**event, 'event': {said!r}}}", "stream").replace("body", "event"))

    job = ask(member, background=True).json["job"]

    wait_until(lambda: row_of(job).status == COMPLETED, 20, "the answer")
    assert said in [e["data"] for e in events_of(job) if e["type"] == "event"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("raise Exception('Not this')", "Error: Not this"),
        ("os._exit(3)", "Error: "),
        ("return 'nonsense'", "no chunk"),
        ("return {'choices': 3}", "no chunk"),
        ("time.sleep(60)", "too long"),
    ],
    ids=["raises", "dies", "text", "no-chunk", "hangs"],
)
def test_a_stream_filter_that_fails_costs_its_own_turn_only(
    member, configure, monkeypatch, line, words
):
    configure(plugins_timeout_s=15)  # which is also how long a process may take to start
    monkeypatch.setattr(streaming, "_PATIENCE_S", 2)
    add(
        "import os, time\nclass Filter:\n    def stream(self, event):\n"
        f"        if 'bad' in str(event):\n            {line}\n        return event\n"
    )
    good = "Good say=a+b+c+d+e delay=20"

    with ThreadPoolExecutor(2) as threads:
        others = [threads.submit(ask, member, good, stream=True) for _ in range(2)]
        failed = ask(member, "Hello say=bad", stream=True)

    assert words in failed.text
    assert [text_of(other.result()) for other in others] == ["a b c d e"] * 2


# Batches


def line(question):
    asked = [{"role": "user", "content": question}]
    return Request("c", {"model": "fake-alpha", "messages": asked})


def test_a_line_of_a_batch_passes_the_inlet(member, served):
    add(TAGGING)

    answer = asking.ask(member.user, "b", asking.CHAT, line("Hello say=one"), Cut())

    assert answer["choices"][0]["message"]["content"] == "one"
    assert sent_to(served) == "Hello say=one TAG plain"


def test_a_line_that_a_filter_refuses_is_not_asked(member, served):
    add(method("raise Exception('Not this line')"))

    with pytest.raises(FilterFailed, match="Not this line"):
        asking.ask(member.user, "b", asking.CHAT, line("Hello"), Cut())

    assert not [one for one in served.log() if one["path"].endswith("/completions")]
