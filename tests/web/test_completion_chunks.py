"""Events become the chunks of an OpenAI server; a client never gets anything twice."""

import json

import pytest

from shared import relay
from web.completions.chunks import DONE, Chunks


def event(kind, **data):
    return relay.encode(kind, 1, data)


def written(*events):
    """What a client reads: the chunks of these events, without the end mark."""
    chunks = Chunks("job", "alpha", wants_usage=True)
    lines = b"".join(chunks.write(one) for one in events).removesuffix(DONE).split(b"\n\n")
    return [json.loads(line.removeprefix(b"data: ")) for line in lines if line]


def deltas(*events):
    return [c["delta"] for chunk in written(*events) for c in chunk.get("choices", ())]


def joined(name, *events):
    return "".join(delta.get(name) or "" for delta in deltas(*events))


def pieces(text, size, name="text", **more):
    """The deltas of a text, cut into pieces."""
    cuts = range(0, len(text), size)
    return [event("delta", **more, **{name: text[at : at + size]}) for at in cuts]


RESTARTED = relay.encode("restarted", 2, {"attempt": 2, "reason": "worker lost"})


def test_text_and_finish_become_chunks():
    chunks = written(event("delta", text="Hi "), event("delta", finish_reason="stop"))

    assert [c["choices"][0]["delta"] for c in chunks] == [{"content": "Hi "}, {}]
    assert [c["choices"][0]["finish_reason"] for c in chunks] == [None, "stop"]
    assert {(c["id"], c["model"], c["object"]) for c in chunks} == {
        ("chatcmpl-job", "alpha", "chat.completion.chunk")
    }


def test_of_an_answer_that_is_replaced_a_client_gets_what_goes_beyond_it():
    told = joined("content", *pieces("one two", 3), event("replace", content="one two three"))

    assert told == "one two three"


def test_what_else_a_provider_says_is_passed_on():
    told = written(
        event("delta", extra={"refusal": "no", "logprobs": {"content": []}}, index=1, text="x")
    )[0]["choices"][0]

    assert told["delta"] == {"content": "x", "refusal": "no"}
    assert (told["index"], told["logprobs"]) == (1, {"content": []})


@pytest.mark.parametrize("name", ["text", "reasoning"])
@pytest.mark.parametrize("text", ["one two three four ", 'quo"tes\n\\ and\té漢🙂 ' * 3])
@pytest.mark.parametrize(("before", "after"), [(3, 3), (1, 5), (4, 100)])
def test_a_second_attempt_goes_on_where_the_first_stopped(name, text, before, after):
    shown = {"text": "content", "reasoning": "reasoning_content"}[name]
    first = pieces(text, before, name)[:4]

    read = joined(shown, *first, RESTARTED, *pieces(text, after, name))

    assert read == text


def test_a_third_attempt_goes_on_where_the_longest_stopped():
    text = "a long answer that is written three times over"
    events = [*pieces(text, 4)[:6], RESTARTED, *pieces(text, 4)[:2], RESTARTED, *pieces(text, 7)]

    assert joined("content", *events) == text


def test_choices_are_counted_apart():
    both = [event("delta", text="abc"), event("delta", index=1, text="uvwxyz")]

    chunks = written(*both, RESTARTED, *both, event("delta", text="d"))

    read = {0: "", 1: ""}
    for choice in [c["choices"][0] for c in chunks]:
        read[choice["index"]] += choice["delta"].get("content", "")
    assert read == {0: "abcd", 1: "uvwxyz"}


def test_another_answer_in_the_second_attempt_never_cuts_a_letter():
    events = [event("delta", text="abc"), RESTARTED, event("delta", text="ééé end")]

    assert joined("content", *events).endswith("é end")


def head(call_id, place=0):
    function = {"name": "get_weather", "arguments": ""}
    return {"index": place, "id": call_id, "type": "function", "function": function}


def arguments(text, place=0):
    return {"index": place, "function": {"arguments": text}}


def merged(*events):
    """The tool calls as OpenAI's libraries put them together."""
    calls = {}
    for delta in deltas(*events):
        for call in delta.get("tool_calls", ()):
            kept = calls.setdefault(call["index"], {"id": "", "name": "", "arguments": ""})
            kept["id"] += call.get("id") or ""
            kept["name"] += call["function"].get("name") or ""
            kept["arguments"] += call["function"].get("arguments") or ""
    return calls


def calls(*parts):
    return [event("delta", tool_calls=[part]) for part in parts]


def test_tool_calls_pass_as_they_came():
    assert deltas(*calls(head("call_1"), arguments('{"a":'), arguments("1}"))) == [
        {"tool_calls": [head("call_1")]},
        {"tool_calls": [arguments('{"a":')]},
        {"tool_calls": [arguments("1}")]},
    ]


def test_a_second_attempt_completes_the_calls_of_the_first():
    first = calls(head("call_1"), arguments('{"ci'))
    second = calls(head("call_9"), arguments('{"city": '), arguments('"Oslo"}'), head("call_2", 1))

    assert merged(*first, RESTARTED, *second, *calls(arguments("{}", 1))) == {
        0: {"id": "call_1", "name": "get_weather", "arguments": '{"city": "Oslo"}'},
        1: {"id": "call_2", "name": "get_weather", "arguments": "{}"},
    }


def test_usage_comes_last_when_it_is_wanted():
    last = written(event("usage", total_tokens=5), event("completed", finish_reason="stop"))[-1]

    assert (last["choices"], last["usage"]) == ([], {"total_tokens": 5})
