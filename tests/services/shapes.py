"""Shapes of answers, as the contract writes them: `[{id:str, meta:obj?, tags?:[str]}]`.

`obj` is any object; a `?` behind a type lets null in, behind a name the name may be
missing. What an answer has beyond its shape is no difference: newer clients want more than older.
"""

import re
from collections.abc import Iterator
from typing import Any

_TOKEN = re.compile(r"\s*([\w]+\??:|[\w]+|[\[\]{},?|])")
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "obj": (dict,),
}

Shape = tuple[Any, ...]


def read(text: str) -> Shape:
    """Read a shape: nested tuples that `differences` understands."""
    tokens = _TOKEN.findall(text)
    shape, rest = _either(tokens)
    assert not rest, f"{text}: {rest} is left over"
    return shape


def _either(tokens: list[str]) -> tuple[Shape, list[str]]:
    first, rest = _one(tokens)
    choices = [first]
    while rest[:1] == ["|"]:
        more, rest = _one(rest[1:])
        choices.append(more)
    if rest[:1] == ["?"]:
        choices.append(("null",))
        rest = rest[1:]
    return (("either", *choices) if len(choices) > 1 else first), rest


def _one(tokens: list[str]) -> tuple[Shape, list[str]]:
    head, rest = tokens[0], tokens[1:]
    if head == "[":
        if rest[0] == "]":
            return ("list", ("any",)), rest[1:]
        inner, rest = _either(rest)
        return ("list", inner), rest[1:]
    return _object(rest) if head == "{" else ((head,), rest)


def _object(tokens: list[str]) -> tuple[Shape, list[str]]:
    fields: list[tuple[str, bool, Shape]] = []
    while tokens[0] != "}":
        name = tokens[0].removesuffix(":")
        inner, tokens = _either(tokens[1:])
        fields.append((name.removesuffix("?"), name.endswith("?"), inner))
        tokens = tokens[1:] if tokens[0] == "," else tokens
    return ("object", *fields), tokens[1:]


def differences(value: Any, shape: Shape, place: str = "answer") -> list[str]:
    """Tell in words where a value has not its shape."""
    kind = shape[0]
    if kind == "either":
        tried = [differences(value, choice, place) for choice in shape[1:]]
        return min(tried, key=len)
    if kind == "list":
        return _of_list(value, shape[1], place)
    if kind == "object":
        return list(_of_object(value, shape[1:], place))
    return [] if _is(value, kind) else [f"{place} is no {kind} but {str(value)[:60]}"]


def _is(value: Any, kind: str) -> bool:
    if kind in ("any", "null"):
        return kind == "any" or value is None
    is_odd = isinstance(value, bool) and kind != "bool"
    return isinstance(value, _KINDS[kind]) and not is_odd


def _of_list(value: Any, inner: Shape, place: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{place} is no list but {str(value)[:60]}"]
    return [word for one in value[:3] for word in differences(one, inner, f"{place}[]")]


def _of_object(value: Any, fields: tuple[Any, ...], place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place} is no object but {str(value)[:60]}"
        return
    for name, may_lack, inner in fields:
        if name in value:
            yield from differences(value[name], inner, f"{place}.{name}")
        elif not may_lack:
            yield f"{place} lacks {name}"
