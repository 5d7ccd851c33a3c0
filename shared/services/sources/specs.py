"""What a tool's functions are called and what they take, as a model is told."""

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any

from shared.errors import Invalid
from shared.services.sources.module import Method, Source, literal, name_of
from shared.services.sources.schema import Types, guessed

_CLASS = "Tools"
_SPHINX = re.compile(r"^\s*:param\s+(?:[\w\[\], .|]+\s+)?(\w+)\s*:\s*(.*)$")
_OTHER_SPHINX = re.compile(r"^\s*:(return|returns|rtype|raises?|type)\b")
_SECTION = re.compile(r"^\s*(Args|Arguments|Parameters|Returns?|Raises|Yields|Examples?)\s*:\s*$")
_GOOGLE = re.compile(r"^\s+(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
# What the server itself hands over; a model never hears of it.
_RESERVED = re.compile(r"__\w+__")


def tool_specs(source: Source) -> list[dict[str, Any]]:
    """Describe the functions of a tool.

    Raises:
        Invalid: It has no class `Tools`.
    """
    if _CLASS not in source.classes:
        raise Invalid("The source of a tool has to define a class Tools.")
    types = Types(source)
    return [_spec(types, method) for method in _methods(source)]


def _methods(source: Source) -> Iterator[Method]:
    seen: set[str] = set()
    for node in source.lineage(source.classes[_CLASS]):
        for statement in node.body:
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if statement.name not in seen and _is_offered(statement):
                yield statement
            seen.add(statement.name)


def _is_offered(method: Method) -> bool:
    decorators = {name_of(one) for one in method.decorator_list}
    return not method.name.startswith("_") and not decorators & {"property", "cached_property"}


def _spec(types: Types, method: Method) -> dict[str, Any]:
    description, notes = described(ast.get_docstring(method) or "")
    properties: dict[str, Any] = {}
    required: list[str] = []
    for argument, default in _arguments(method):
        name = argument.arg
        value = _default(default)
        schema = types.schema(argument.annotation) or guessed(value) or {"type": "string"}
        note = {"description": notes[name]} if name in notes else {}
        properties[name] = {**schema, **value, **note}
        if default is None:
            required.append(name)
    parameters = {"type": "object", "properties": properties, "required": required}
    return {
        "name": method.name,
        "description": description or method.name,
        "parameters": parameters,
    }


def _arguments(method: Method) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """List the arguments that a caller gives, with their defaults."""
    every = method.args.posonlyargs + method.args.args
    defaults: list[ast.expr | None] = [None] * (len(every) - len(method.args.defaults))
    pairs = list(zip(every, [*defaults, *method.args.defaults], strict=True))
    is_static = "staticmethod" in {name_of(one) for one in method.decorator_list}
    pairs = pairs if is_static else pairs[1:]
    pairs += zip(method.args.kwonlyargs, method.args.kw_defaults, strict=True)
    yield from (pair for pair in pairs if not _RESERVED.fullmatch(pair[0].arg))


def _default(node: ast.expr | None) -> dict[str, Any]:
    try:
        value = literal(node)
    except ValueError:
        return {}
    return {"default": list(value) if isinstance(value, tuple | set | frozenset) else value}


def described(docstring: str) -> tuple[str, dict[str, str]]:
    """Part a docstring into what the function does and what its parameters are.

    Knows the manners of Sphinx (`:param x: …`) and of Google (`Args:`).
    """
    words: list[str] = []
    notes: dict[str, str] = {}
    section, last = "", ""
    for line in inspect.cleandoc(docstring).splitlines():
        if found := _SPHINX.match(line):
            section, last = "sphinx", found[1]
            notes[last] = found[2].strip()
        elif found := _SECTION.match(line):
            section, last = found[1], ""
        elif _OTHER_SPHINX.match(line):
            section, last = "rest", ""
        elif not section:
            words.append(line)
        elif section.startswith(("Arg", "Param")) and (found := _GOOGLE.match(line)):
            last = found[1]
            notes[last] = found[2].strip()
        elif last and line.strip():
            notes[last] = f"{notes[last]} {line.strip()}".strip()
    return "\n".join(words).strip(), notes
