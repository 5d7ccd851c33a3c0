"""Responses: made, streamed, followed from any event, gone on with, cancelled, deleted."""

import json

import pytest

from shared.config.options import get_options
from shared.redis import get_redis, job_key
from shared.services import models
from tests.services.things import offer
from tests.services.waiting import wait_until

MODEL = "fake-alpha"
WEATHER = {"type": "function", "name": "weather", "parameters": {"type": "object"}}


@pytest.fixture(autouse=True)
def _served(world, worker, openai_server):
    offer(MODEL, url=openai_server.url)
    get_options().set({"ENABLE_OLLAMA_API": False})
    models.outdate_offer()


def ask(question="say=one+two", **more):
    return {"model": MODEL, "input": question, **more}


def made(caller, **more):
    answer = caller.post("/v1/responses", ask(**more))
    assert answer.status_code == 200, answer.data
    return answer.json


def events(answer):
    assert answer.content_type.startswith("text/event-stream"), answer.data
    return [json.loads(line[6:]) for line in answer.data.splitlines() if line.startswith(b"data:")]


def text_of(response):
    return "".join(p["text"] for i in response["output"] for p in i.get("content", ()))


def ended(caller, response_id):
    def look():
        found = caller.get(f"/v1/responses/{response_id}").json
        return found if found["status"] not in ("queued", "in_progress") else None

    return wait_until(look, 10, "the response")


def sent(openai_server):
    return openai_server.log()[-1]["json"]


def test_a_response_comes_whole(member):
    found = made(member, metadata={"a": "b"})

    assert (found["object"], found["status"], text_of(found)) == (
        "response",
        "completed",
        "one two",
    )
    assert (found["model"], found["metadata"]) == (MODEL, {"a": "b"})
    assert found["usage"]["output_tokens"] > 0


def test_a_stream_is_numbered_and_says_all_that_the_response_holds(member):
    told = events(member.post("/v1/responses", ask(stream=True)))

    kinds = [event["type"] for event in told]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    deltas = [e["delta"] for e in told if e["type"] == "response.output_text.delta"]
    assert "".join(deltas) == text_of(told[-1]["response"]) == "one two"


def test_instructions_and_parameters_reach_the_provider(member, openai_server):
    schema = {"type": "json_schema", "name": "x", "schema": {"type": "object"}}

    made(member, instructions="Be brief.", max_output_tokens=9, text={"format": schema})

    body = sent(openai_server)
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert body["max_tokens"] == 9
    assert body["response_format"]["json_schema"] == {"name": "x", "schema": {"type": "object"}}


def test_a_response_goes_on_from_another_without_its_instructions(member, openai_server):
    first = made(member, instructions="Be brief.")

    made(member, question="And now? say=three", previous_response_id=first["id"])

    assert [(m["role"], m["content"]) for m in sent(openai_server)["messages"]] == [
        ("user", "say=one+two"),
        ("assistant", "one two"),
        ("user", "And now? say=three"),
    ]


def test_a_function_is_called_and_its_result_taken(member, openai_server):
    question = "tool=weather args=city:Rome"
    told = events(member.post("/v1/responses", ask(question, tools=[WEATHER], stream=True)))

    (call,) = told[-1]["response"]["output"]
    assert (call["type"], call["name"]) == ("function_call", "weather")
    assert json.loads(call["arguments"]) == {"city": "Rome"}
    assert "response.function_call_arguments.done" in [event["type"] for event in told]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
    made(member, question=[result], previous_response_id=told[-1]["response"]["id"])
    assert [m["role"] for m in sent(openai_server)["messages"]] == ["user", "assistant", "tool"]


def test_reasoning_is_an_item_of_its_own(member):
    told = events(member.post("/v1/responses", ask("think=2 say=one", stream=True)))

    kinds = [e["type"].removeprefix("response.reasoning_summary_") for e in told]
    assert [kind for kind in dict.fromkeys(kinds) if "." in kind and "response" not in kind] == [
        "part.added",
        "text.delta",
        "text.done",
        "part.done",
    ]
    thoughts = [e["delta"] for e in told if e["type"] == "response.reasoning_summary_text.delta"]
    assert [item["type"] for item in told[-1]["response"]["output"]] == ["reasoning", "message"]
    assert "".join(thoughts) == told[-1]["response"]["output"][0]["summary"][0]["text"]


def test_a_background_response_is_followed_from_any_event(member):
    queued = made(member, question="tokens=6", background=True)
    whole = ended(member, queued["id"])
    path = f"/v1/responses/{queued['id']}?stream=true"

    told = events(member.get(path))
    rest = events(member.get(f"{path}&starting_after=4"))

    assert queued["status"] == "queued"
    assert rest == told[5:]
    assert told[-1]["response"]["output"] == whole["output"]


def test_a_stream_after_the_log_has_expired_tells_the_end(member):
    found = made(member, background=True)
    ended(member, found["id"])
    job_id = found["id"].removeprefix("resp_")
    get_redis().delete(job_key(job_id, "log"), job_key(job_id, "fence"))

    told = events(member.get(f"/v1/responses/{found['id']}?stream=true&starting_after=50"))

    assert told[-1]["type"] == "response.completed"
    assert text_of(told[-1]["response"]) == "one two"


def test_a_running_response_is_cancelled_and_keeps_what_it_has(member, openai_server):
    found = made(member, question="endless=1 delay=10", background=True)
    wait_until(lambda: openai_server.stats()["tokens"] > 3, 10, "some words")

    answer = member.post(f"/v1/responses/{found['id']}/cancel").json

    assert answer["status"] == "cancelled"
    assert ended(member, found["id"])["status"] == "cancelled"


def test_a_cancel_comes_too_late_as_often_as_one_likes(member):
    found = made(member, background=True)
    whole = ended(member, found["id"])

    answers = [member.post(f"/v1/responses/{found['id']}/cancel") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].json == whole
    assert whole["completed_at"] >= whole["created_at"]


def test_only_what_is_in_the_background_is_cancelled(member):
    answer = member.post(f"/v1/responses/{made(member)['id']}/cancel")

    assert answer.status_code == 400
    assert "background" in answer.json["error"]["message"]


def test_null_stands_for_what_is_left_out(member):
    names = ("background", "stream", "store", "metadata", "tools", "tool_choice", "instructions")

    found = made(member, **dict.fromkeys((*names, "parallel_tool_calls", "text", "conversation")))

    assert (found["background"], found["store"], found["metadata"]) == (False, True, {})
    assert text_of(found) == "one two"


def test_what_was_asked_is_listed_page_by_page(member):
    asked = [{"role": "user", "content": word} for word in ("a", "b", "say=c")]
    path = f"/v1/responses/{made(member, question=asked)['id']}/input_items"

    first = member.get(f"{path}?limit=2").json
    second = member.get(f"{path}?limit=2&after={first['last_id']}").json
    oldest = member.get(f"{path}?limit=1&order=asc").json

    def texts(page):
        return [item["content"][0]["text"] for item in page["data"]]

    assert (texts(first), first["has_more"]) == (["say=c", "b"], True)
    assert (texts(second), second["has_more"]) == (["a"], False)
    assert (texts(oldest), oldest["has_more"]) == (["a"], True)


def test_what_was_asked_is_listed(member):
    found = made(member)

    (item,) = member.get(f"/v1/responses/{found['id']}/input_items").json["data"]
    assert item["content"] == [{"type": "input_text", "text": "say=one+two"}]


def test_a_deleted_response_is_gone(member):
    found = made(member)

    assert member.delete(f"/v1/responses/{found['id']}").json["deleted"] is True
    assert member.get(f"/v1/responses/{found['id']}").status_code == 404


def test_a_response_that_is_not_to_be_stored_cannot_be_found(member):
    found = made(member, store=False)

    assert member.get(f"/v1/responses/{found['id']}").status_code == 404


@pytest.mark.parametrize("what", ["", "/input_items", "/cancel"])
def test_a_stranger_finds_no_response(member, other, what):
    found = made(member)
    method = "POST" if what == "/cancel" else "GET"

    assert other.send(method, f"/v1/responses/{found['id']}{what}").status_code == 404
    going_on = other.post("/v1/responses", ask(previous_response_id=found["id"]))
    assert going_on.status_code == 404


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"type": "web_search"}]},
        {"input": [{"type": "item_reference", "id": "x"}]},
        {"conversation": "conv_x"},
        {"prompt": {"id": "pmpt_x"}},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "x"}]}]},
    ],
)
def test_what_is_not_offered_is_refused_in_words(member, more):
    answer = member.post("/v1/responses", {**ask(), **more})

    assert answer.status_code == 400
    assert "here" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("more", "word"),
    [({"background": True, "store": False}, "store"), ({"input": ""}, "input"), ({"input": 7}, "")],
)
def test_what_cannot_be_is_refused_in_words(member, more, word):
    answer = member.post("/v1/responses", {**ask(), **more})

    assert answer.status_code == 400
    assert word in answer.json["error"]["message"]


def test_a_provider_that_fails_is_told(member):
    found = made(member, question="fail=400", background=True)

    assert ended(member, found["id"])["error"]["message"]
    assert member.post("/v1/responses", ask("fail=400")).status_code == 400
