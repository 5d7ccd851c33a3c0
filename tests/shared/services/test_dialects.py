"""What models of several makers write when they think, as it arrives, and what the page shows."""

import html
import re

import pytest

from shared import relay
from shared.services.answers import Answer
from web.stream.turns import Turn

BLOCK = re.compile(
    r'<details type="reasoning" done="true" duration="\d+">\n'
    r"<summary>Thought for \d+ seconds</summary>\n((?:>.*\n)*)</details>\n"
)
# Name, deltas, thoughts and answer.
DIALECTS = [
    (
        "DeepSeek-R1 of its maker, in a field",
        [{"reasoning": "Two plus two"}, {"reasoning": " is four.\n"}, {"text": "4"}],
        ["Two plus two is four."],
        "4",
    ),
    (
        "DeepSeek-R1 at home",
        [{"text": "<think>\nTwo plus two.\n\nFour.\n</think>\n\nThe answer is **4**."}],
        ["Two plus two.\n\nFour."],
        "The answer is **4**.",
    ),
    (
        "Qwen 3 that does not think",
        [{"text": "<think>\n\n</think>\n\nHello!"}],
        [],
        "Hello!",
    ),
    (
        "Qwen 3 that thinks, and compares",
        [{"text": "<think>\nIs 1 < 2? Yes, a < b | c.\n</think>\n\n1 < 2"}],
        ["Is 1 < 2? Yes, a < b | c."],
        "1 < 2",
    ),
    (
        "gpt-oss whose server leaves its channels",
        [
            {
                "text": "<|channel|>analysis<|message|>User greets.<|end|><|start|>assistant"
                "<|channel|>final<|message|>Hello there!<|return|>"
            }
        ],
        ["User greets."],
        "Hello there!",
    ),
    (
        "gpt-oss that does not think",
        [{"text": "<|channel|>final<|message|>Hello there!<|end|>"}],
        [],
        "Hello there!",
    ),
    (
        "gpt-oss, in a field",
        [{"reasoning": "User greets."}, {"text": "Hello there!"}],
        ["User greets."],
        "Hello there!",
    ),
    (
        "Bespoke-Stratos and Sky-T1",
        [
            {
                "text": "<|begin_of_thought|>\n\nLet me see.\n\n<|end_of_thought|>\n\n"
                "<|begin_of_solution|>\n\n42\n\n<|end_of_solution|>"
            }
        ],
        ["Let me see."],
        "42",
    ),
    (
        "Reflection and its like",
        [{"text": "<thinking>First.</thinking>One.\n<thinking>Then.</thinking>Two."}],
        ["First.", "Then."],
        "One.\nTwo.",
    ),
    ("EXAONE", [{"text": "<thought>\nHm.\n</thought>\n\nYes."}], ["Hm."], "Yes."),
    ("Cogito and others", [{"text": "<reasoning>Hm.</reasoning>\nYes."}], ["Hm."], "Yes."),
    ("DeepHermes", [{"text": "<reason>\nHm.\n</reason>\nYes."}], ["Hm."], "Yes."),
    ("QwQ's cousin", [{"text": "<Thought>\nHm.\n</Thought>\nYes."}], ["Hm."], "Yes."),
    (
        "code with the tag in it",
        [{"text": "Write this:\n```xml\n<think>x</think>\n```\nThat is all."}],
        [],
        "Write this:\n```xml\n<think>x</think>\n```\nThat is all.",
    ),
]
SIZES = [1, 2, 3, 7, 10_000]


def pieces(deltas, size):
    """Cut deltas as a network does."""
    return [
        {kind: text[at : at + size]}
        for delta in deltas
        for kind, text in delta.items()
        for at in range(0, len(text), size)
    ]


def taken_apart(content):
    """Read a message as the page shows it: thoughts and answer."""
    thoughts = [
        "\n".join(html.unescape(line[2:]) for line in found.splitlines())
        for found in BLOCK.findall(content)
    ]
    return thoughts, re.sub(r"\n+", "\n", BLOCK.sub("", content)).strip("\n")


@pytest.mark.parametrize(
    ("deltas", "thoughts", "answer"),
    [row[1:] for row in DIALECTS],
    ids=[row[0] for row in DIALECTS],
)
@pytest.mark.parametrize("size", SIZES)
def test_thoughts_are_folded_away_whatever_their_dialect_and_their_cuts(
    deltas, thoughts, answer, size
):
    whole = Answer()

    for delta in pieces(deltas, size):
        whole.add(delta)

    found, rest = taken_apart(whole.content())
    assert found == thoughts
    assert rest == re.sub(r"\n+", "\n", answer)


@pytest.mark.parametrize("deltas", [row[1] for row in DIALECTS], ids=[row[0] for row in DIALECTS])
@pytest.mark.parametrize("size", [1, 7])
def test_the_page_shows_no_tag_of_thoughts_when_it_has_heard_all(deltas, size, monkeypatch):
    monkeypatch.setattr("web.stream.turns._WHOLE_EVERY_S", 0.0)
    turn, text = Turn("c", "a"), ""
    whole = Answer()

    for delta in pieces(deltas, size):
        whole.add(delta)
        for notice in turn.take([relay.encode("delta", 1, delta)]):
            for choice in (notice.data or {}).get("choices") or ():
                text += choice["delta"]["content"]
            text = (notice.data or {}).get("content", text)

    assert "</think>" not in re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert text == whole.content(is_done=False)
