"""The OpenAI provider against a server with every bad habit."""

import json

import pytest

from tests.fakes.openai_server import answer_for
from tests.workers.providers.asking import KEY, Reading, chat, text, told
from workers.providers import answer
from workers.providers.errors import Refused, Unavailable

USAGE = {"include_usage": True}


@pytest.fixture
def server(openai_server):
    return openai_server


@pytest.fixture
def provider(openai_at, server):
    return openai_at(server.url)


# Answers.


@pytest.mark.parametrize(
    "habit",
    [
        "as it should be",
        "burst=1",
        "crlf=1 burst=1",
        "slice=1",
        "slice=3 utf8=1",
        "split=1 utf8=1",
        "split=5 slice=3 crlf=1",
        "comments=1",
        "pretty=1 slice=5",
        "nodone=1",
        "gzip=1",
        "close=1",
        "http10=1",
        "interim=1",
        "trailers=1 slice=1",
        "extension=1 slice=2",
        "linger=1",
        "group=8",
        "json=1",
        "delay=1",
        "think=3",
    ],
)
def test_the_answer_is_whole_whatever_the_servers_habit(provider, habit):
    question = f"tell me tokens=12 {habit}"

    events = told(provider, question, stream_options=USAGE)

    assert text(events) == answer_for(question)
    assert events[0][0] == "meta"
    assert events[-2:][0] == ("delta", {"finish_reason": "stop"})
    assert events[-1][1]["completion_tokens"] >= 14


def test_batches_hold_the_same_events_together(provider):
    question = "tell me tokens=50 burst=1"

    batches = list(provider.stream(chat(question)).batches())

    assert text([event for batch in batches for event in batch]) == answer_for(question)
    assert len(batches) < 10


def test_a_line_of_1_mb_is_read(provider):
    events = told(provider, "tell me tokens=5 longline=1048576")

    assert "x" * 1_048_576 in text(events)


def test_reasoning_comes_before_the_text(provider):
    kinds = [
        next(iter(data)) for kind, data in told(provider, "think=2 tokens=1") if kind == "delta"
    ]

    assert kinds == ["reasoning", "reasoning", "text", "text", "text", "finish_reason"]


def test_tool_calls_come_piece_by_piece(provider):
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]

    events = told(provider, "tool=weather args=city:Berlin", tools=tools)

    calls = [data["tool_calls"][0] for _, data in events if "tool_calls" in data]
    assert calls[0]["function"]["name"] == "weather"
    arguments = "".join(call["function"]["arguments"] for call in calls)
    assert json.loads(arguments) == {"city": "Berlin"}
    assert events[-1] == ("delta", {"finish_reason": "tool_calls"})


def test_several_choices_are_told_apart(provider):
    events = told(provider, "tell me tokens=3", n=2)

    second = [data for _, data in events if data.get("index") == 1]
    assert text([("delta", data) for data in second]) == answer_for("tell me tokens=3")
    assert sum("finish_reason" in data for _, data in events) == 2


def test_a_stream_that_lingers_after_the_last_word_is_ended(provider, monkeypatch):
    monkeypatch.setattr(answer, "_AFTERMATH_S", 0.05)

    events = told(provider, "tell me tokens=3 nodone=1 linger=1")

    assert text(events) == answer_for("tell me tokens=3 nodone=1 linger=1")


# Requests.


def test_the_request_is_passed_on_with_what_we_do_not_know(provider, server):
    told(provider, "tell me tokens=1", temperature=0.5, novelty={"a": [1]}, stream_options=USAGE)

    [record] = server.log()
    assert record["json"] == chat(
        "tell me tokens=1",
        temperature=0.5,
        novelty={"a": [1]},
        stream_options=USAGE,
        stream=True,
    )
    assert record["headers"]["authorization"] == f"Bearer {KEY}"
    assert record["headers"]["accept-encoding"] == "identity"
    assert record["path"] == "/v1/chat/completions"


def test_without_a_key_no_authorization_is_sent(openai_at, server):
    told(openai_at(server.url, key=""), "tell me tokens=1")

    assert "authorization" not in server.log()[0]["headers"]


def test_a_password_in_the_address_is_sent_and_never_told(openai_at, server):
    provider = openai_at(server.url.replace("//", "//someone:hunter22@"), key="")

    with pytest.raises(Refused) as caught:
        told(provider, "fail=400")

    assert server.log()[0]["headers"]["authorization"].startswith("Basic ")
    assert "hunter22" not in str(caught.value)


def test_nothing_is_sent_before_the_first_event_is_wanted(provider, server):
    provider.stream(chat("tell me")).close()

    assert server.log() == []


def test_connections_are_used_again(provider, server):
    for habit in ("", "split=3", "fail=400", "slice=2", "json=1"):
        stream = provider.stream(chat(f"tokens=2 burst=1 {habit}"))
        Reading(stream).join()
    provider.models()

    assert server.stats()["connections"] == 1


def test_a_connection_that_never_brought_its_last_chunk_is_not_used_again(provider, server):
    for _ in range(2):
        told(provider, "tell me tokens=2 linger=1")

    assert server.stats()["connections"] == 2


# Everything else.


def test_a_completion_comes_in_one_piece(provider, server):
    completion = provider.complete(chat("tell me tokens=3", stream_options=USAGE, stream=True))

    assert completion["choices"][0]["message"]["content"] == answer_for("tell me tokens=3")
    assert server.log()[0]["json"] == chat("tell me tokens=3", stream=False)


@pytest.mark.parametrize(
    ("habit", "kind"), [("fail=400", Refused), ("fail=502", Unavailable), ("html=1", Refused)]
)
def test_a_completion_that_fails_is_told(provider, habit, kind):
    with pytest.raises(kind):
        provider.complete(chat(f"tell me {habit}"))


def test_models_are_listed_as_the_upstream_describes_them(provider):
    assert [model["id"] for model in provider.models()] == ["fake-alpha", "fake-beta"]
    assert provider.models()[0]["owned_by"] == "fake"


def test_the_version_is_the_raw_list(provider):
    assert provider.version()["object"] == "list"


def test_a_wrong_key_is_found_by_the_version(provider, server):
    server.control(key="another")

    with pytest.raises(Refused, match="401"):
        provider.version()


def test_calls_are_passed_on_with_whatever_comes_back(provider):
    body = json.dumps({"model": "e", "input": ["a", "b"]}).encode()

    answer = provider.ask("POST", "/embeddings", body)

    assert len(answer["data"]) == 2
    with pytest.raises(Refused, match="404"):
        provider.ask("GET", "/nowhere?a=b", None)


@pytest.mark.parametrize(
    "path", ["/../secret", "/a/%2e%2e/%2E%2e/b", "@evil.example/", "/a\nb", "//../x"]
)
def test_calls_do_not_leave_the_address(provider, server, path):
    with pytest.raises(Refused):
        provider.ask("GET", path, None)

    assert server.log() == []
