"""Chunks of an OpenAI stream become events."""

import json

import pytest

from workers.providers.lines import CutShort, ErrorItem, Garbled
from workers.providers.sse import ChunkReader, WholeReader, events_of

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "m"}
META = ("meta", {"id": "chatcmpl-1", "created": 5, "model": "m"})


def chunk(delta: dict, reason: str | None = None, index: int = 0, **more) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
    return item({**HEAD, "choices": [{**choice, **more}]})


def item(value) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def read(*items: bytes) -> list:
    reader = ChunkReader()
    return [*reader.feed(b"".join(items)), *reader.finish()]


def deltas(*items: bytes) -> list[dict]:
    return [data for kind, data in read(*items, b"data: [DONE]\n\n") if kind == "delta"]


def test_the_first_event_tells_about_the_answer():
    start = {**HEAD, "system_fingerprint": "fp", "choices": [{"index": 0, "delta": {}}]}

    events = read(item(start), chunk({"content": "a"}), b"data: [DONE]\n\n")

    assert events[0] == ("meta", {**META[1], "system_fingerprint": "fp"})
    assert [kind for kind, _ in events] == ["meta", "delta"]


def test_what_the_upstream_does_not_tell_about_itself_is_made_up():
    reader = ChunkReader("asked-for")

    [(kind, meta), _] = reader.feed(item({"choices": [{"delta": {"content": "a"}}]}))

    assert (kind, meta["model"]) == ("meta", "asked-for")
    assert meta["id"].startswith("chatcmpl-")
    assert meta["created"] > 1_700_000_000


def test_texts_thoughts_and_the_end_have_events_of_their_own():
    found = deltas(
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "hm"}),
        chunk({"reasoning": "well"}),
        chunk({"reasoning": "both", "reasoning_content": "both"}),
        chunk({"content": "yes", "role": "assistant"}, "stop"),
    )

    assert found == [
        {"reasoning": "hm"},
        {"reasoning": "well"},
        {"reasoning": "both"},
        {"text": "yes"},
        {"finish_reason": "stop"},
    ]


@pytest.mark.parametrize(
    "calls",
    [
        "a call",
        {"index": 0},
        [1],
        [{"index": -1}],
        [{"index": 10**9}],
        [{"index": "first"}],
        [{"function": "get"}],
        [{"function": {"name": 5}}],
        [{"function": {"arguments": [1]}}],
    ],
)
def test_what_is_no_tool_call_is_not_passed_on(calls):
    with pytest.raises(Garbled):
        read(chunk({"tool_calls": calls}))


@pytest.mark.parametrize("levels", [100, 300, 3000])
@pytest.mark.parametrize(
    "line",
    [
        {"choices": [], "usage": "DEEP"},
        {"choices": [], "system_fingerprint": "DEEP"},
        {"choices": [{"delta": {"content": "a", "more": "DEEP"}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "more": "DEEP"}]}}]},
        {"choices": [{"finish_reason": "DEEP"}]},
        {"error": "DEEP"},
    ],
)
def test_what_is_too_deep_to_be_stored_is_not_passed_on(line, levels):
    deep = item(line).replace(b'"DEEP"', b"[" * levels + b"]" * levels)

    with pytest.raises(Garbled):
        read(deep)


def test_what_can_be_stored_is_passed_on_however_wide_it_is():
    usage = {"details": [[[]] * 200] * 2}

    events = read(item({"choices": [], "usage": usage}), b"data: [DONE]\n\n")

    assert ("usage", usage) in events


def test_arguments_that_are_no_text_become_one():
    call = {"index": 0, "function": {"name": "f", "arguments": {"a": 1}}}

    (found,) = deltas(chunk({"tool_calls": [call]}))

    assert found["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a":1}'}


def test_a_whole_completion_has_the_events_of_a_stream():
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "yes"}]
    choice = {"message": {"role": "assistant", "content": parts}, "finish_reason": "stop"}

    events = events_of({"choices": [choice], "usage": {"total_tokens": 3}})

    assert [event for event in events if event[0] != "meta"] == [
        ("delta", {"reasoning": "hm"}),
        ("delta", {"text": "yes"}),
        ("delta", {"finish_reason": "stop"}),
        ("usage", {"total_tokens": 3}),
    ]


@pytest.mark.parametrize("choices", [["a choice"], [{"message": "hello"}]])
def test_what_is_no_completion_is_told_apart(choices):
    with pytest.raises(Garbled):
        events_of({"choices": choices})


def test_tool_calls_come_as_they_are():
    calls = [
        {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    ]

    assert deltas(chunk({"tool_calls": calls})) == [{"tool_calls": calls}]


def test_other_choices_carry_their_number():
    found = deltas(chunk({"content": "a"}), chunk({"content": "b"}, index=1))

    assert found == [{"text": "a"}, {"text": "b", "index": 1}]


def test_what_has_no_event_of_its_own_rides_along():
    found = deltas(
        chunk({"content": "a", "annotations": [1]}, logprobs={"content": []}),
        chunk({"refusal": "no"}),
        chunk({"refusal": None}),
    )

    assert found == [
        {"text": "a", "extra": {"annotations": [1], "logprobs": {"content": []}}},
        {"extra": {"refusal": "no"}},
    ]


def test_texts_may_come_in_parts():
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}

    assert deltas(chunk({"content": [thought, {"type": "text", "text": "yes"}]})) == [
        {"reasoning": "hm"},
        {"text": "yes"},
    ]


def test_usage_is_told_whenever_it_comes():
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}

    events = read(
        chunk({"content": "a"}, "stop"),
        item({**HEAD, "choices": [], "usage": usage}),
        b"data: [DONE]\n",
    )

    assert events[-1] == ("usage", usage)


def test_equal_chunks_take_the_short_cut_and_say_the_same():
    words = [
        "one ",
        'quo"te ',
        "zw\u00f6lf ",
        "\N{SLIGHTLY SMILING FACE}",
        "m",
        "chatcmpl-1",
        "\\n",
        "",
    ]
    items = [chunk({"content": word}) for word in words * 3]

    reader = ChunkReader()
    found = [event for each in items for event in reader.feed(each)]

    assert found == [META, *[("delta", {"text": word}) for word in words * 3 if word]]
    assert reader._template.hits > 10


def test_the_short_cut_sees_when_more_than_the_text_differs():
    text = chunk({"content": "a"})
    forged = text.replace(b'"a"', b'"a", "refusal": "b"')
    later = text.replace(b'"created": 5', b'"created": 6')

    found = deltas(text, text, text, forged, later, text, chunk({"content": "z"}, "length"))

    assert found == [
        *[{"text": "a"}] * 3,
        {"text": "a", "extra": {"refusal": "b"}},
        *[{"text": "a"}] * 2,
        {"text": "z"},
        {"finish_reason": "length"},
    ]


def test_the_short_cut_is_given_up_where_every_chunk_differs():
    reader = ChunkReader()
    for number in range(50):
        reader.feed(item({**HEAD, "created": number, "choices": [{"delta": {"content": "a"}}]}))

    assert reader._lessons == 0


def test_an_item_may_have_several_data_lines_and_fields_that_we_do_not_need():
    pretty = (
        b"event: chunk\nid: 7\nretry: 10\n: comment\n"
        b'data: {"choices":\ndata: [{"delta":\ndata: {"content": "a"}}]}\n\n'
    )

    assert deltas(pretty) == [{"text": "a"}]


@pytest.mark.parametrize(
    "data",
    [
        b"<html><body>Hello</body></html>\n",
        b"data: not json\n\n",
        b"data: [1]\n\n",
        b'data: {"choices": 5}\n\n',
        b'data: {"choices": ["a"]}\n\n',
        b'data: {"choices": [{"delta": "a"}]}\n\n',
        b"data: 5\n\n",
        b"Hello\n",
    ],
)
def test_nonsense_is_refused_with_a_piece_of_it(data):
    with pytest.raises(Garbled) as caught:
        read(data)

    assert caught.value.words.strip() in data
    assert caught.value.words.strip()


def test_what_came_before_nonsense_is_given_first():
    reader = ChunkReader()

    events = reader.feed(chunk({"content": "a"}) + b"data: {nonsense\n\n")

    assert events == [META, ("delta", {"text": "a"})]
    with pytest.raises(Garbled) as caught:
        reader.finish()
    assert b"nonsense" in caught.value.words


@pytest.mark.parametrize(
    "data",
    [
        b'data: {"error": {"message": "no"}}\n\n',
        b'error: {"message": "no"}\n',
        b'{"error": {"message": "no"}}\n',
    ],
)
def test_errors_are_found_in_every_form(data):
    with pytest.raises(ErrorItem) as caught:
        ChunkReader().feed(data)

    assert caught.value.value == {"message": "no"}


def test_a_stream_may_end_without_done_when_every_choice_has_ended():
    events = read(chunk({"content": "a"}), chunk({}, "stop"))

    assert events[-1] == ("delta", {"finish_reason": "stop"})


def test_the_last_line_may_lack_its_end():
    assert read(chunk({"content": "a"}, "stop").rstrip())[-1] == (
        "delta",
        {"finish_reason": "stop"},
    )


@pytest.mark.parametrize(
    "items",
    [
        (),
        (b": only a comment\n\n",),
        (chunk({"content": "a"}),),
        (chunk({"content": "a"}, index=1), chunk({}, "stop")),
    ],
)
def test_a_stream_that_ends_too_early_is_an_error(items):
    with pytest.raises(CutShort):
        read(*items)


def test_nothing_is_read_behind_done():
    reader = ChunkReader()

    assert reader.feed(b"data: [DONE]\n\ngarbage\n") == []
    assert (reader.done, reader.finish()) == (True, [])


def test_a_completion_in_one_piece_becomes_the_same_events():
    message = {"role": "assistant", "content": "yes", "reasoning_content": "hm"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    whole = json.dumps({**HEAD, "choices": [choice], "usage": {"total_tokens": 3}}).encode()
    reader = WholeReader()

    events = [*reader.feed(whole[:9]), *reader.feed(whole[9:]), *reader.finish()]

    assert events == [
        META,
        ("delta", {"text": "yes"}),
        ("delta", {"reasoning": "hm"}),
        ("delta", {"finish_reason": "stop"}),
        ("usage", {"total_tokens": 3}),
    ]


@pytest.mark.parametrize("data", [b"", b"nonsense", b'{"detail": "no"}', b"[]"])
def test_what_is_no_completion_is_refused(data):
    reader = WholeReader()
    reader.feed(data)

    with pytest.raises(Garbled):
        reader.finish()
