"""The four forms of a completion's answer, over a real worker and a real (fake) provider."""

import json

import pytest

from shared.models.job import CANCELLED, COMPLETED
from shared.services import models
from tests.fakes.script import answer_for
from tests.services.things import events_of, message, new_chat, offer, row_of, stored_message
from tests.services.waiting import wait_until

TRIPLE = {"session_id": "s", "id": "a"}


@pytest.fixture(autouse=True)
def _served(request, world, worker, openai_server):
    offer("fake-alpha", url=openai_server.url)


def ask(caller, question="tell me tokens=4", path="/api/chat/completions", **more):
    asked = [{"role": "user", "content": question}]
    return caller.post(path, {"model": "fake-alpha", "messages": asked, **more})


def chunks(answer):
    """The objects of an OpenAI stream; it has to end as such a stream does."""
    lines = [line for line in answer.text.split("\n\n") if line and not line.startswith(":")]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def text_of(found):
    choices = [chunk["choices"][0] for chunk in found if chunk.get("choices")]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


PATHS = ["/api/chat/completions", "/api/v1/chat/completions", "/v1/chat/completions"]


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_is_that_of_an_openai_server(member, path):
    answer = ask(member, path=path, stream=True)

    found = chunks(answer)
    assert answer.status_code == 200
    assert answer.content_type == "text/event-stream; charset=utf-8"
    assert (answer.headers["Cache-Control"], answer.headers["X-Accel-Buffering"]) == (
        "no-cache",
        "no",
    )
    assert found[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert text_of(found) == answer_for("tell me tokens=4")
    assert found[-1]["choices"][0]["finish_reason"] == "stop"
    assert {(c["object"], c["model"]) for c in found} == {("chat.completion.chunk", "fake-alpha")}
    assert len({c["id"] for c in found}) == 1


def test_a_stream_tells_its_usage_last_when_it_is_asked(member):
    found = chunks(ask(member, stream=True, stream_options={"include_usage": True}))

    assert (found[-1]["choices"], found[-1]["usage"]["total_tokens"] > 0) == ([], True)
    assert not any("usage" in chunk for chunk in chunks(ask(member, stream=True)))


def test_a_stream_can_be_followed_and_looked_up_as_a_job(member):
    answer = ask(member, stream=True)
    answer.get_data()

    job = row_of(answer.headers["X-Job-Id"])
    assert (job.status, job.result["text"]) == (COMPLETED, answer_for("tell me tokens=4"))
    assert events_of(job.id)[-1]["type"] == "completed"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("more", [{}, {"stream": False}])
def test_without_a_stream_the_answer_comes_in_one_piece(member, path, more):
    answer = ask(member, path=path, **more)

    completion = answer.json
    assert (answer.status_code, completion["object"]) == (200, "chat.completion")
    assert completion["model"] == "fake-alpha"
    assert completion["choices"][0]["message"] == {
        "role": "assistant",
        "content": answer_for("tell me tokens=4"),
    }
    assert completion["usage"]["total_tokens"] > 0
    assert row_of(answer.headers["X-Job-Id"]).status == COMPLETED


def test_several_choices_come_as_the_provider_gave_them(member):
    completion = ask(member, n=2).json

    assert [choice["index"] for choice in completion["choices"]] == [0, 1]


def test_tool_calls_pass_through_in_both_forms(member):
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
    question = "tool=weather args=city:Rome"

    whole = ask(member, question, tools=tools).json["choices"][0]
    pieces = chunks(ask(member, question, tools=tools, stream=True))

    assert whole["finish_reason"] == "tool_calls"
    assert json.loads(whole["message"]["tool_calls"][0]["function"]["arguments"]) == {
        "city": "Rome"
    }
    calls = [c for p in pieces for c in p["choices"][0]["delta"].get("tool_calls", ())]
    assert calls[0]["function"]["name"] == "weather"
    assert "".join(c["function"]["arguments"] for c in calls) == '{"city": "Rome"}'


def test_reasoning_has_a_place_of_its_own(member):
    whole = ask(member, "think=2 say=yes").json["choices"][0]["message"]
    deltas = [c["choices"][0]["delta"] for c in chunks(ask(member, "think=2 say=yes", stream=True))]

    assert (whole["content"], whole["reasoning_content"]) == ("yes", "thought1 thought2 ")
    thoughts = "".join(d.get("reasoning_content", "") for d in deltas)
    assert thoughts == "thought1 thought2 "


# The page's forms


def test_a_turn_of_the_page_is_acknowledged_at_once(member):
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content=""))

    answer = ask(member, stream=True, chat_id=chat.id, **TRIPLE)

    ack = answer.json
    assert answer.status_code == 200
    assert ack == {
        "status": True,
        "task_id": ack["task_id"],
        "task_ids": [ack["task_id"]],
        "chat_id": chat.id,
    }
    wait_until(lambda: row_of(ack["task_id"]).status == COMPLETED, 10, "the answer")
    row = stored_message(chat.id, "a")
    assert (row.content, row.is_running) == (answer_for("tell me tokens=4"), False)
    assert row.data["done"] is True


def test_a_turn_of_the_page_without_a_stream_is_answered_when_it_is_stored(member):
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content=""))

    answer = ask(member, chat_id=chat.id, **TRIPLE)

    said = answer.json["choices"][0]["message"]["content"]
    assert said == stored_message(chat.id, "a").content == answer_for("tell me tokens=4")


@pytest.mark.parametrize("missing", ["session_id", "id", "chat_id"])
def test_without_the_whole_triple_a_stream_is_a_stream(member, missing):
    triple = {"chat_id": "c", **TRIPLE}
    del triple[missing]

    answer = ask(member, stream=True, **triple)

    assert text_of(chunks(answer)) == answer_for("tell me tokens=4")


def test_a_job_in_the_background_is_told_by_its_id(member):
    answer = ask(member, background=True)

    job_id = answer.json["job"]
    assert (answer.status_code, answer.json) == (202, {"job": job_id, "status": "queued"})
    wait_until(lambda: row_of(job_id).status == COMPLETED, 10, "the answer")


def test_what_the_page_says_at_the_end_comes_back_to_it(member):
    body = {"messages": [{"id": "a", "x": 1}], "chat_id": "c", "session_id": "s", "id": "a"}
    body |= {"model": "fake-alpha", "unknown": [1]}

    answer = member.post("/api/chat/completed", body)
    of_no_model = member.post("/api/chat/completed", {**body, "model": "nobody"})

    assert answer.json == body
    assert (of_no_model.status_code, of_no_model.json["detail"]) == (400, "Model not found")


# When something goes wrong


@pytest.mark.parametrize("stream", [True, False])
def test_a_provider_that_refuses_is_told_with_its_own_words(member, stream):
    answer = ask(member, "tell me fail=400", stream=stream)

    assert answer.status_code == 400
    assert "400" in answer.json["detail"]
    assert "127.0.0.1" in answer.json["detail"]


def test_a_stream_that_breaks_ends_with_an_error_and_the_end_mark(member):
    found = chunks(ask(member, "tell me tokens=9 cut=3", stream=True))

    assert text_of(found[:-1]).startswith("ECHO-")
    assert "error" in found[-1]


def test_a_key_that_the_provider_does_not_take_is_not_the_clients_fault(member, openai_server):
    openai_server.control(key="another")

    contracts, openais = ask(member), ask(member, path="/v1/chat/completions")

    assert (contracts.status_code, openais.status_code) == (400, 502)
    assert contracts.json["error"] == openais.json["error"]
    assert openais.headers["x-should-retry"] == "false"


def test_a_client_that_leaves_a_stream_ends_its_job(member, openai_server):
    answer = ask(member, "tell me hang=2", stream=True)
    next(iter(answer.response))

    answer.close()

    job_id = answer.headers["X-Job-Id"]
    wait_until(lambda: row_of(job_id).status == CANCELLED, 10, "the job's end")
    wait_until(lambda: openai_server.open_streams == 0, 5, "the provider to be let go")


def test_a_client_that_leaves_a_stored_answer_leaves_it_running(member):
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content=""))
    question = "tell me tokens=20 delay=20"
    answer = ask(member, question, stream=True, chat_id=chat.id, id="a")
    next(iter(answer.response))

    answer.close()

    job_id = answer.headers["X-Job-Id"]
    wait_until(lambda: row_of(job_id).status == COMPLETED, 10, "the job's end")
    assert stored_message(chat.id, "a").content == answer_for(question)


def test_a_cancelled_answer_is_what_there_was(member):
    answer = ask(member, "tell me hang=2", stream=True)
    pieces = iter(answer.response)
    read = next(pieces)
    member.post(f"/api/v1/jobs/{answer.headers['X-Job-Id']}/cancel")

    read += b"".join(pieces)

    assert read.endswith(b"data: [DONE]\n\n")
    assert b'"finish_reason":"stop"' in read


# Models in OpenAI's form


def test_models_have_openais_form(member):
    shown = {"id": "fake-alpha", "object": "model", "owned_by": "openai"}

    listed = member.get("/v1/models").json
    one = member.get("/v1/models/fake-alpha").json

    assert listed == {"object": "list", "data": [one]}
    assert {name: one[name] for name in shown} == shown
    assert set(one) == {*shown, "created"}


def test_an_unknown_model_is_told_in_openais_form(member):
    answer = member.get("/v1/models/gone")

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "model_not_found")


def test_a_first_question_may_come_before_the_first_list(admin):
    models.outdate_offer()

    assert ask(admin).json["object"] == "chat.completion"
