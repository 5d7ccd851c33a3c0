"""Reasoning between tags is found, and what only looks like it is left alone."""

import pytest

from shared.services import thoughts


def split(text):
    return [(part.text, part.is_thought) for part in thoughts.parts(text)]


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<think>", "</think>"),
        ("<thinking>", "</thinking>"),
        ("<reason>", "</reason>"),
        ("<reasoning>", "</reasoning>"),
        ("<thought>", "</thought>"),
        ("<Thought>", "</Thought>"),
        ('<think lang="en">', "</think>"),
        ("<|begin_of_thought|>", "<|end_of_thought|>"),
        ("|begin_of_thought|", "|end_of_thought|"),
    ],
)
def test_every_dialect_is_understood(opening, closing):
    text = f"{opening}\nhm\n{closing}\n\nThe answer."

    assert split(text) == [("\nhm\n", True), ("The answer.", False)]


def test_a_thought_under_way_has_no_end():
    (part,) = thoughts.parts("<think>\nhm")

    assert (part.text, part.is_thought, part.end) == ("\nhm", True, None)


def test_several_thoughts_keep_their_places():
    assert split("<think>a</think>b<think>c</think>d") == [
        ("a", True),
        ("b", False),
        ("c", True),
        ("d", False),
    ]


def test_the_marks_of_a_solution_are_taken_out():
    text = "<|begin_of_thought|>hm<|end_of_thought|>\n<|begin_of_solution|>\n42<|end_of_solution|>"

    assert split(text) == [("hm", True), ("42", False)]


@pytest.mark.parametrize(
    "text",
    [
        "no tags at all",
        "a < b and a | b",
        "<thinker>no</thinker>",
        "the tag <think> opens a thought",
        "```xml\n<think>an example</think>\n```\nand that was it",
        "</think> without a beginning",
    ],
)
def test_what_only_looks_like_a_thought_is_left_as_it_is(text):
    assert split(text) == [(text, False)]


def test_a_thought_in_the_middle_of_a_line_counts_when_it_is_closed():
    assert split("Well <think>hm</think> yes") == [
        ("Well ", False),
        ("hm", True),
        (" yes", False),
    ]


def test_a_thought_may_follow_a_fenced_block():
    assert split("```\n<think>\n```\n<think>hm</think>") == [
        ("```\n<think>\n```", False),
        ("hm", True),
    ]


def test_a_text_full_of_tags_is_read_in_reasonable_time():
    text = "x <think> " * 20_000

    assert split(text) == [(text, False)]
