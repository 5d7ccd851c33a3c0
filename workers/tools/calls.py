"""Calls: what a model asks for, and what is given back to it."""

import ast
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.loose_json import parse
from workers.tools.base import Spec, ToolFailed

# What is longer is cut: it goes to the model, into the log and into the message.
LONGEST_RESULT = 100_000
_MOST_FILES = 20


@dataclass(frozen=True)
class Call:
    """A function that is to be called.

    Attributes:
        id: By which its result is told to belong to it.
        arguments: As the model wrote them: JSON, or what Python writes.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Made:
    """A call that was made.

    Attributes:
        result: What the model is told.
        files: Pictures for the reader (data URIs).
        has_failed: Whether the result says what went wrong.
    """

    call: Call
    result: str
    files: list[str] = field(default_factory=list)
    has_failed: bool = False


def arguments_of(call: Call, spec: Spec) -> dict[str, Any]:
    """Read the arguments of a call; those that the function does not know are left out.

    Raises:
        ToolFailed: They cannot be read, or something is missing.
    """
    text = call.arguments.strip() or "{}"
    try:
        found = parse(text.encode())
    except ValueError:
        found = _literal(text)
    if not isinstance(found, dict):
        raise ToolFailed("The arguments have to be an object in JSON.")
    schema = spec.get("parameters") or {}
    if missing := [name for name in schema.get("required") or () if name not in found]:
        raise ToolFailed(f"The arguments lack {', '.join(map(str, missing))}.")
    known = schema.get("properties")
    return {name: found[name] for name in found if name in known} if known is not None else found


def _literal(text: str) -> Any:
    """Read what small models write in place of JSON: a dictionary in Python."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise ToolFailed("The arguments cannot be read: they have to be JSON.") from None


def made_of(call: Call, given: Any) -> Made:
    """Write what a function has given as text; data URIs in a list are pictures for the reader."""
    files: list[str] = []
    if isinstance(given, list):
        files = [one for one in given if _is_picture(one)][:_MOST_FILES]
        given = [one for one in given if not _is_picture(one)]
    return Made(call, _cut(_text(given)), files)


def failed(call: Call, words: str) -> Made:
    """Write what went wrong with a call."""
    return Made(call, _cut(f"Error: {words}"), has_failed=True)


def _is_picture(one: Any) -> bool:
    return isinstance(one, str) and one.startswith("data:")


def _text(given: Any) -> str:
    if isinstance(given, str):
        return given
    if given is None:
        return ""
    return orjson.dumps(given, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _cut(text: str) -> str:
    if len(text) <= LONGEST_RESULT:
        return text
    return f"{text[:LONGEST_RESULT]}\n… (cut, {len(text)} characters in all)"
