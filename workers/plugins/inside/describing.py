"""What a plugin is: its functions, its valves, what it takes part in."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from .loading import Loaded, hints_of

Schema = dict[str, Any]

_METHODS = ("pipe", "pipes", "inlet", "outlet", "stream", "action")
# What functions say of themselves by the names of their attributes.
_ATTRIBUTES = """
    type name id icon_url citation file_handler actions toggle pipes
"""
_RESERVED = re.compile(r"__\w+__")
_PARAMETER = re.compile(r"^\s*:param\s+(?:[^:]*\s)?(\w+)\s*:\s*(.*)$")
_OTHER_FIELD = re.compile(r"^\s*:\w+.*:")
_SECTION = re.compile(r"^\s*(Args|Arguments|Parameters|Returns?|Raises|Yields|Examples?)\s*:\s*$")
_ARGUMENT = re.compile(r"^\s+(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_DEEPEST = 12


def description(loaded: Loaded) -> dict[str, Any]:
    """Describe a plugin."""
    thing = loaded.thing
    attributes = {name: getattr(thing, name, None) for name in _ATTRIBUTES.split()}
    return {
        "kind": loaded.kind,
        "specs": specs(thing) if loaded.kind == "tool" else [],
        "valves": _valves(loaded, "Valves"),
        "user_valves": _valves(loaded, "UserValves"),
        "methods": [name for name in _METHODS if callable(getattr(thing, name, None))],
        "attributes": {n: v for n, v in attributes.items() if _is_plain(v)},
    }


def specs(thing: Any) -> list[dict[str, Any]]:
    """Describe the functions of a tool, in the order in which they are written."""
    names: dict[str, None] = {}
    for one in reversed(type(thing).__mro__[:-1]):
        names |= dict.fromkeys(vars(one))
    functions: list[tuple[str, Any]] = [
        (name, getattr(thing, name, None)) for name in names if not name.startswith("_")
    ]
    return [_spec(name, function) for name, function in functions if _is_offered(function)]


def _is_offered(function: Any) -> bool:
    return callable(function) and not inspect.isclass(function)


def _spec(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    words, notes = parted(inspect.getdoc(function) or "")
    return {
        "name": name,
        "description": words or name,
        "parameters": _parameters(function, notes),
    }


def _parameters(function: Callable[..., Any], notes: dict[str, str]) -> Schema:
    from pydantic import Field, create_model  # noqa: PLC0415 -- heavy, and the jail stands by then

    hints, fields = hints_of(function), {}
    for name, parameter in inspect.signature(function).parameters.items():
        if _RESERVED.fullmatch(name) or parameter.kind in (
            inspect.Parameter.VAR_POSITIONAL,
            inspect.Parameter.VAR_KEYWORD,
        ):
            continue
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        hint = hints.get(name, Any if default is ... or default is None else type(default))
        fields[name] = (hint, Field(default=default, description=notes.get(name)))
    try:
        made: Any = create_model  # a name of a field may be any
        schema = made("Parameters", **_renamed(fields)).model_json_schema()
    except Exception:  # border: types of a user's own may have no schema
        return _untyped(fields)
    return _as_parameters(schema)


def _renamed(fields: dict[str, Any]) -> dict[str, Any]:
    """Give names that Pydantic keeps for itself to it as aliases."""
    from pydantic import Field  # noqa: PLC0415 -- as above

    renamed = {}
    for place, (name, (hint, field)) in enumerate(fields.items()):
        is_kept = name.startswith(("_", "model_")) or name in ("copy", "json", "dict", "schema")
        if is_kept:
            described = Field(default=field.default, description=field.description, alias=name)
            renamed[f"field_{place}"] = (hint, described)
        else:
            renamed[name] = (hint, field)
    return renamed


def _untyped(fields: dict[str, Any]) -> Schema:
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in fields},
        "required": [name for name, (_, field) in fields.items() if field.is_required()],
    }


def _as_parameters(schema: Schema) -> Schema:
    """Write a schema as models are told it: without titles, without references."""
    properties = {
        name: _inlined(one, schema.get("$defs") or {}, 0)
        for name, one in (schema.get("properties") or {}).items()
    }
    return {"type": "object", "properties": properties, "required": schema.get("required") or []}


def _inlined(node: Any, definitions: dict[str, Any], depth: int) -> Any:
    if isinstance(node, list):
        return [_inlined(one, definitions, depth) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        found = definitions.get(name, {}) if depth < _DEEPEST else {}
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return {**_inlined(found, definitions, depth + 1), **rest}
    kept = {key: value for key, value in node.items() if not _is_title(key, value)}
    return {key: _inlined(value, definitions, depth + 1) for key, value in kept.items()}


def _is_title(key: str, value: Any) -> bool:
    return key == "title" and isinstance(value, str)


def parted(docstring: str) -> tuple[str, dict[str, str]]:
    """Part a docstring into what the function does and what its parameters are.

    Knows the manners of Sphinx (`:param x: …`) and of Google (`Args:`).
    """
    words: list[str] = []
    notes: dict[str, str] = {}
    section = last = ""
    for line in docstring.splitlines():
        if found := _PARAMETER.match(line):
            section, last = "fields", found[1]
            notes[last] = found[2].strip()
        elif found := _SECTION.match(line):
            section, last = found[1], ""
        elif _OTHER_FIELD.match(line) and line.lstrip().startswith(":"):
            section, last = "fields", ""
        elif not section:
            words.append(line)
        elif section.startswith(("Arg", "Param")) and (found := _ARGUMENT.match(line)):
            last = found[1]
            notes[last] = found[2].strip()
        elif last and line.strip():
            notes[last] = f"{notes[last]} {line.strip()}"
    return "\n".join(words).strip(), notes


def _valves(loaded: Loaded, name: str) -> Schema | None:
    form = loaded.valves_class(name)
    if form is None or not hasattr(form, "model_json_schema"):
        return None
    try:
        schema: Schema = form.model_json_schema()
    except Exception:  # border: types of a user's own may have no schema
        return None
    return schema


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | bool | list) and value is not None
