"""The Ollama provider: its own protocol outside, OpenAI's inside."""

import pytest

from tests.fakes.ollama_server import VERSION, answer_for
from tests.services.waiting import wait_until
from tests.workers.providers.asking import KEY, Reading, chat, text, told
from workers.providers.errors import Aborted, ProviderError, Refused, Unavailable
from workers.providers.lines import Garbled
from workers.providers.ollama import LineReader
from workers.providers.ollama_request import to_ollama

TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]


@pytest.fixture
def server(ollama_server):
    return ollama_server


@pytest.fixture
def provider(ollama_at, server):
    return ollama_at(server.url)


# Answers.


@pytest.mark.parametrize(
    "habit",
    [
        "as it should be",
        "burst=1",
        "crlf=1",
        "slice=1 utf8=1",
        "split=3",
        "gzip=1",
        "close=1",
        "json=1",
    ],
)
def test_the_answer_is_whole_whatever_the_servers_habit(provider, habit):
    question = f"tell me tokens=12 {habit}"

    events = told(provider, question)

    assert text(events) == answer_for(question)
    assert [kind for kind, _ in events[:1]] == ["meta"]
    assert events[-2] == ("delta", {"finish_reason": "stop"})


def test_the_usage_has_openais_counts_and_ollamas_numbers(provider):
    kind, usage = told(provider, "tell me tokens=12")[-1]

    assert kind == "usage"
    assert usage == {
        "prompt_tokens": 3,
        "completion_tokens": 14,
        "total_tokens": 17,
        "total_duration": 2_000_000_000,
        "load_duration": 100_000_000,
        "prompt_eval_count": 3,
        "prompt_eval_duration": 500_000_000,
        "eval_count": 14,
        "eval_duration": 1_000_000_000,
        "prompt_token/s": 6.0,
        "response_token/s": 14.0,
        "approximate_total": "0h0m2s",
    }


def test_thinking_becomes_reasoning(provider):
    deltas = [data for kind, data in told(provider, "think=1 say=yes") if kind == "delta"]

    assert deltas == [{"reasoning": "thought1 "}, {"text": "yes"}, {"finish_reason": "stop"}]


def test_tool_calls_take_openais_form(provider):
    events = told(provider, "tool=weather args=city:Berlin", tools=TOOLS)

    [call] = next(data["tool_calls"] for _, data in events if "tool_calls" in data)
    assert call["id"].startswith("call_")
    assert {k: v for k, v in call.items() if k != "id"} == {
        "index": 0,
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city":"Berlin"}'},
    }
    assert ("delta", {"finish_reason": "tool_calls"}) in events


def test_tool_calls_of_several_lines_are_numbered_on():
    line = b'{"message": {"tool_calls": [{"function": {"name": "f", "arguments": {}}}]}}\n'
    reader = LineReader()

    events = reader.feed(line * 2)

    assert [data["tool_calls"][0]["index"] for kind, data in events if kind == "delta"] == [0, 1]


def test_a_completion_comes_in_openais_form(provider, server):
    completion = provider.complete(chat("think=1 tool=weather args=city:Berlin", tools=TOOLS))

    [choice] = completion["choices"]
    assert completion["object"] == "chat.completion"
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["reasoning_content"] == "thought1 "
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"city":"Berlin"}'
    assert completion["usage"]["total_tokens"] > 0
    assert server.log()[0]["json"]["stream"] is False


def test_models_and_version_are_told(provider):
    assert [model["model"] for model in provider.models()] == [
        "fake-alpha:latest",
        "fake-beta:latest",
    ]
    assert provider.version() == {"version": VERSION}


def test_calls_are_passed_on(provider):
    assert len(provider.ask("GET", "/api/ps", None)["models"]) == 1


def test_an_answer_may_be_empty(provider):
    copy = b'{"source": "fake-alpha", "destination": "twin"}'

    assert provider.ask("POST", "/api/copy", copy) is None


def test_a_transfer_is_told_item_by_item_and_how_far_it_has_come(provider):
    told = [
        event
        for events in provider.items("/api/pull", {"model": "new"}).batches()
        for event in events
    ]

    items = [data["item"] for kind, data in told if kind == "item"]
    steps = [data for kind, data in told if kind == "progress"]
    assert (items[0], items[-1]) == ({"status": "pulling manifest"}, {"status": "success"})
    assert steps[1] == {**steps[1], "done": 0, "total": 1_000_000, "unit": "bytes"}


def test_a_transfer_that_fails_is_an_error(provider):
    with pytest.raises(ProviderError, match="file does not exist"):
        list(provider.items("/api/pull", {"model": "broken"}).batches())


def test_a_key_is_sent(provider, server):
    provider.version()

    assert server.log()[0]["headers"]["authorization"] == f"Bearer {KEY}"


# Failures.


@pytest.mark.parametrize(
    ("habit", "kind", "words"),
    [
        ("fail=404", Refused, "answered 404: made to fail with 404"),
        ("fail=500", Unavailable, "answered 500"),
        ("html=1", Refused, "a web page: Sign in to the hotel"),
        ("empty=1", Unavailable, "before it was complete"),
        ("noise=1", Refused, "did not answer in HTTP"),
        ("cut=3", Unavailable, "closed in the middle"),
        ("cut=3 close=1", Unavailable, "before it was complete"),
        ("reset=3", Unavailable, "reset"),
        ("nodone=1", Unavailable, "before it was complete"),
        ("error=3", Refused, "the model runner has stopped"),
        ("badjson=3", Refused, "not JSON: {not json at all"),
    ],
)
def test_failures_are_told(provider, habit, kind, words):
    reading = Reading(provider.stream(chat(f"tell me {habit}"))).join()

    assert isinstance(reading.error, kind)
    assert words in str(reading.error)


def read(line: bytes) -> list:
    reader = LineReader()
    return [*reader.feed(line), *reader.finish()]


@pytest.mark.parametrize(
    "line",
    [b"[1]\n", b'"a"\n', b'{"message": "a"}\n', b'{"message": {"tool_calls": [5]}}\n'],
)
def test_lines_that_are_no_answer_are_refused(line):
    with pytest.raises(Garbled, match="not a chat answer"):
        read(line)


def test_a_line_that_is_too_deep_to_be_stored_is_refused():
    line = b'{"message": {"content": "a"}, "done": true, "eval_count": %s}\n' % (
        b"[" * 300 + b"]" * 300
    )

    with pytest.raises(Garbled, match="deeper than 100 levels"):
        read(line)


@pytest.mark.parametrize("habit", ["hang_head=1", "hang=2", "endless=1"])
def test_an_abort_ends_the_answer_at_once(provider, server, habit):
    stream = provider.stream(chat(f"tell me {habit}"))
    reading = Reading(stream)
    wait_until(lambda: server.open_streams == 1, 5, "the answer to begin")

    stream.abort()

    assert isinstance(reading.join().error, Aborted)
    wait_until(lambda: server.open_streams == 0, 1, "the connection to be closed")


# Requests.


def test_parameters_become_options():
    body = chat(
        "hi",
        temperature=0.5,
        max_tokens=9,
        stop="x",
        num_ctx=4096,
        top_k=5,
        seed=None,
        keep_alive="5m",
        stream=True,
        stream_options={"include_usage": True},
        novelty=1,
    )

    made = to_ollama(body)

    assert made == {
        "model": "fake-alpha",
        "messages": [{"role": "user", "content": "hi"}],
        "keep_alive": "5m",
        "novelty": 1,
        "options": {
            "temperature": 0.5,
            "num_predict": 9,
            "stop": ["x"],
            "num_ctx": 4096,
            "top_k": 5,
        },
    }


def test_given_options_count_more_and_what_belongs_beside_is_moved():
    options = {"temperature": 0.1, "format": "json", "keep_alive": 0, "think": True}

    made = to_ollama(chat("hi", temperature=0.9, options=options))

    assert made["options"] == {"temperature": 0.1}
    assert (made["format"], made["keep_alive"], made["think"]) == ("json", 0, True)


@pytest.mark.parametrize(
    ("wanted", "made"),
    [
        ({"type": "json_object"}, "json"),
        (
            {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}},
            {"type": "object"},
        ),
        ({"type": "text"}, None),
    ],
)
def test_the_answers_format_is_translated(wanted, made):
    assert to_ollama(chat("hi", response_format=wanted)).get("format") == made


@pytest.mark.parametrize(("effort", "think"), [("none", False), ("high", "high")])
def test_the_effort_is_translated(effort, think):
    assert to_ollama(chat("hi", reasoning_effort=effort))["think"] == think


def test_images_are_parted_from_the_text():
    content = [
        {"type": "text", "text": "what is"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "text", "text": "this?"},
    ]

    made = to_ollama({"messages": [{"role": "user", "content": content}]})

    assert made["messages"] == [{"role": "user", "content": "what is\nthis?", "images": ["AAAA"]}]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "input_audio", "input_audio": {}},
        {"type": "image_url"},
        {"type": "image_url", "image_url": {"url": None}},
        {"type": "image_url", "image_url": [1]},
    ],
)
def test_parts_that_ollama_cannot_take_are_refused(part):
    with pytest.raises(Refused):
        to_ollama({"messages": [{"role": "user", "content": [part]}]})


def test_calls_and_their_results_are_translated():
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
    ]

    made = to_ollama({"messages": messages})["messages"]

    assert made == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}],
        },
        {"role": "tool", "content": "42", "tool_name": "f"},
    ]


@pytest.mark.parametrize("call", [{}, {"function": "f"}, {"id": [1], "function": None}])
def test_calls_without_a_function_are_refused(call):
    with pytest.raises(Refused, match="function"):
        to_ollama({"messages": [{"role": "assistant", "tool_calls": [call]}]})


def test_arguments_that_are_not_json_are_refused():
    call = {"id": "c1", "function": {"name": "f", "arguments": "{"}}

    with pytest.raises(Refused):
        to_ollama({"messages": [{"role": "assistant", "tool_calls": [call]}]})
