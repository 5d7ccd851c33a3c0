"""Reasoning that a model writes into its text, between tags of one of several dialects.

Source: contract, chat-flow §7 (the tags); for channels
https://cookbook.openai.com/articles/openai-harmony (what gpt-oss writes where its server leaves its
text as it is).
"""

import re
from dataclasses import dataclass

# No tag is longer; so much of a text's end may be the beginning of one.
LONGEST_TAG = 64
_OPENING = re.compile(
    r"<(?P<name>think|thinking|reason|reasoning|thought|Thought)(?:\s[^<>]{0,20})?>"
    r"|<?\|begin_of_thought\|>?"
    r"|(?:<\|start\|>assistant)?<\|channel\|>(?P<channel>analysis)<\|message\|>"
)
_END_OF_THOUGHT = re.compile(r"<?\|end_of_thought\|>?")
_END_OF_CHANNEL = re.compile(r"<\|(?:end|return|call)\|>")
# Marks around what is no thought.
_MARKS = re.compile(
    r"\s*<?\|(?:begin|end)_of_solution\|>?\n?"
    r"|(?:<\|start\|>assistant)?<\|channel\|>(?:final|commentary)<\|message\|>"
    r"|<\|(?:end|return)\|>\s*\Z"
)
_CHANNEL, _FENCE = "<|channel|>", "```"


@dataclass(frozen=True)
class Part:
    """A piece of a text.

    Attributes:
        text: Without its tags.
        is_thought: Whether it is reasoning.
        start: Where its opening tag begins in the whole text, in characters.
        end: Where its closing tag begins; None when there is none yet.
    """

    text: str
    is_thought: bool = False
    start: int = 0
    end: int | None = None


def may_begin_in(text: str) -> bool:
    """Whether there is an opening tag in a piece of text, which may be more than its beginning; or
    another mark that the page is not to show.
    """
    if "<" not in text and "|" not in text:
        return False
    return _OPENING.search(text) is not None or _CHANNEL in text


def parts(text: str) -> list[Part]:
    """Take a text apart.

    A tag counts where a line begins, and elsewhere if it is closed again: who writes about such
    tags is not to lose the rest of the answer in a fold. In a fenced block none counts.
    """
    if not may_begin_in(text):
        return [Part(text)]
    found: list[Part] = []
    at = counted = fences = 0
    unclosed: set[str] = set()
    for opening in _OPENING.finditer(text):
        start, name = opening.start(), opening["channel"] or opening["name"] or ""
        fences, counted = fences + text.count(_FENCE, counted, start), start
        if start < at or fences % 2:
            continue
        closing = None if name in unclosed else _closing(name).search(text, opening.end())
        if closing is None:
            unclosed.add(name)
            if not _begins_a_line(text, start):
                continue
        end = closing.start() if closing else None
        found.append(Part(text[at:start]))
        found.append(Part(text[opening.end() : end], True, start, end))
        at = closing.end() if closing else len(text)
    found.append(Part(text[at:]))
    return [part for part in map(_trimmed, found) if part.text or _goes_on(part)]


def _goes_on(part: Part) -> bool:
    """Whether it is a thought under way; one that ended without a word is none (Qwen 3)."""
    return part.is_thought and part.end is None


def _begins_a_line(text: str, place: int) -> bool:
    before = place - 1
    while before >= 0 and text[before] in " \t":
        before -= 1
    return before < 0 or text[before] == "\n"


def _closing(name: str) -> re.Pattern[str]:
    if name == "analysis":
        return _END_OF_CHANNEL
    return re.compile(f"</{name}>") if name else _END_OF_THOUGHT


def _trimmed(part: Part) -> Part:
    """Take the empty lines off that stood between text and thought."""
    if part.is_thought:
        return part if part.text.strip() else Part("", True, part.start, part.end)
    return Part(_MARKS.sub("", part.text).strip("\n"))
