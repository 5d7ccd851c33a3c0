"""An answer as it grows: text, reasoning, tool calls, and the message made of them."""

import html

import pytest

from shared.services import answers
from shared.services.answers import Answer


def answer_of(*deltas):
    answer = Answer()
    for delta in deltas:
        answer.add(delta)
    return answer


def texts(*pieces):
    return answer_of(*[{"text": piece} for piece in pieces])


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when told to."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(answers, "time", made)
    return made


def test_pieces_of_text_are_joined():
    answer = texts("It ", "was ", "", "dark.")

    assert (answer.text, answer.content()) == ("It was dark.", "It was dark.")
    assert answer.as_message() == {"role": "assistant", "content": "It was dark."}
    assert answer.is_plain


def test_the_short_way_for_text_gives_the_same():
    short = Answer()
    for piece in ("It ", "was"):
        short.add_text(piece)

    assert short.content() == texts("It ", "was").content()
    assert short.as_message() == texts("It ", "was").as_message()


def test_nothing_is_an_empty_message():
    assert Answer().is_empty
    assert Answer().as_message() == {"role": "assistant", "content": ""}
    assert Answer().content() == ""


def test_other_choices_than_the_first_are_passed_over():
    answer = answer_of(
        {"text": "a"}, {"index": 1, "text": "b", "finish_reason": "x"}, {"index": 0, "text": "c"}
    )

    assert (answer.text, answer.finish_reason) == ("ac", None)


def test_the_last_reason_for_the_end_counts():
    assert answer_of({"finish_reason": "stop"}, {"text": "a"}).finish_reason == "stop"


def test_reasoning_is_folded_away_before_the_text(clock):
    answer = answer_of({"reasoning": "one\n"})
    clock.now += 3
    answer.add({"reasoning": "two"})
    answer.add({"text": "Yes."})
    clock.now += 50

    assert answer.content() == (
        '<details type="reasoning" done="true" duration="3">\n'
        "<summary>Thought for 3 seconds</summary>\n> one\n> two\n</details>\n\nYes."
    )
    assert answer.as_message() == {
        "role": "assistant",
        "content": "Yes.",
        "reasoning_content": "one\ntwo",
    }


def test_reasoning_under_way_is_marked_as_such():
    answer = answer_of({"reasoning": "one"})

    assert answer.content(is_done=False) == (
        '<details type="reasoning" done="false">\n<summary>Thinking…</summary>\n> one\n</details>\n'
    )
    assert 'done="true"' in answer.content(is_done=True)


def test_text_and_reasoning_keep_their_order():
    answer = answer_of({"text": "a"}, {"reasoning": "b"}, {"text": "c"}, {"reasoning": "d"})

    content = answer.content(is_done=False)
    assert content.index("a\n") < content.index("> b") < content.index("c\n") < content.index("> d")
    assert content.count('done="true"') == content.count('done="false"') == 1
    assert (answer.text, answer.reasoning) == ("ac", "bd")


def call(index, **function):
    return {"tool_calls": [{"index": index, "function": function}]}


def test_tool_calls_are_merged_by_their_index():
    first = {"index": 0, "id": "c1", "type": "function", "function": {"name": "weather"}}
    answer = answer_of(
        {"tool_calls": [first]},
        call(0, arguments='{"city":'),
        {"tool_calls": [{"index": 1, "id": "c2", "function": {"name": "time", "arguments": "{}"}}]},
        call(0, arguments='"Rome"}'),
    )

    calls = answer.as_message()["tool_calls"]
    assert [(c["id"], c["type"]) for c in calls] == [("c1", "function"), ("c2", "function")]
    assert [c["function"] for c in calls] == [
        {"name": "weather", "arguments": '{"city":"Rome"}'},
        {"name": "time", "arguments": "{}"},
    ]
    assert answer.as_message()["content"] is None
    assert not answer.is_plain


def test_whole_tool_calls_without_an_index_stand_side_by_side():
    whole = [{"id": f"c{n}", "function": {"name": "f", "arguments": "{}"}} for n in range(2)]

    assert [c["id"] for c in answer_of({"tool_calls": whole}).tool_calls] == ["c0", "c1"]


def named(index, call_id, arguments="{}", name="f"):
    return {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(
    "pieces",
    [
        [named(0, "a", "{"), {"index": 0, "function": {"arguments": "}"}}],
        [named(None, "a", "{"), {"function": {"arguments": "}"}}],
        [named(1, "a", "{"), named(1, "a", "}")],
        [named(0, "a", "{"), {"index": 0, "id": "b", "function": {"arguments": "}"}}],
        [named(0, "", "{"), named(0, "a", "}")],
    ],
)
def test_pieces_of_one_call_become_one_however_its_server_counts(pieces):
    [call] = answer_of(*({"tool_calls": [one]} for one in pieces)).tool_calls

    assert call["function"] == {"name": "f", "arguments": "{}"}


def test_calls_of_the_same_index_with_ids_of_their_own_stand_side_by_side():
    calls = answer_of({"tool_calls": [named(0, "a")]}, {"tool_calls": [named(0, "b", name="g")]})

    assert [c["function"]["name"] for c in calls.tool_calls] == ["f", "g"]


def test_a_tool_call_is_shown_with_its_arguments_escaped():
    answer = answer_of(call(0, name="say", arguments='{"text": "<b>\\"hi\\"</b>"}'))

    content = answer.content()

    assert content.startswith('<details type="tool_calls" done="false" id="" name="say"')
    assert "<b>" not in content
    assert '\\"hi' in html.unescape(content)


@pytest.mark.parametrize("odd", [{"tool_calls": None}, {"text": None}, {"unknown": 1}, {}])
def test_deltas_that_say_nothing_change_nothing(odd):
    assert answer_of(odd).is_empty


# Reasoning between tags


def of_pieces(*pieces):
    answer = Answer()
    for piece in pieces:
        answer.add_text(piece)
    return answer


def test_reasoning_between_tags_is_folded_away_and_timed(monkeypatch):
    clock = iter([0.0, 10.0, 14.0, 99.0, 99.0, 99.0])
    monkeypatch.setattr("shared.services.answers.time.monotonic", lambda: next(clock))
    answer = of_pieces("<", "think", ">", "\nhm\n", "</", "think", ">", "\n\nThe answer.")

    assert answer.content() == (
        '<details type="reasoning" done="true" duration="4">\n'
        "<summary>Thought for 4 seconds</summary>\n> hm\n</details>\n\nThe answer."
    )


def test_reasoning_between_tags_is_open_until_its_tag_is_closed():
    answer = of_pieces("<think>", "\nhm")

    assert 'done="false"' in answer.content(is_done=False)
    assert 'done="true"' in answer.content()


def test_programs_get_the_tags_as_they_came():
    answer = of_pieces("<think>hm</think>", "The answer.")

    assert answer.is_plain
    assert answer.as_message()["content"] == "<think>hm</think>The answer."


# Calls that are made here


CALL = {"id": "c1", "name": "add", "arguments": '{"a":"<1>"}', "done": False}


def test_a_call_stands_where_it_was_made_and_is_filled_in():
    answer = Answer()
    answer.add({"text": "Let me see."})
    answer.add_call(CALL)
    running = answer.content(is_done=False)
    answer.add_call({**CALL, "done": True, "result": 'say "5"', "files": ["data:x"]})
    answer.add({"text": "It is 5."})

    done = answer.content()

    assert "<summary>Executing...</summary>" in running
    assert done == (
        "Let me see.\n"
        '<details type="tool_calls" done="true" id="c1" name="add" '
        'arguments="&quot;{\\&quot;a\\&quot;:\\&quot;&lt;1&gt;\\&quot;}&quot;" '
        'result="&quot;say \\&quot;5\\&quot;&quot;" files="[&quot;data:x&quot;]">\n'
        "<summary>Tool Executed</summary>\n</details>\n\n"
        "It is 5."
    )
    assert (answer.text, answer.is_plain, len(answer.calls)) == ("Let me see.It is 5.", False, 1)


def test_a_call_that_was_given_up_is_not_shown_as_under_way_for_ever():
    answer = Answer()
    answer.add_call(CALL)

    assert 'done="false"' in answer.content(is_done=False)
    assert 'result="&quot;Stopped before it was done.&quot;"' in answer.content()
