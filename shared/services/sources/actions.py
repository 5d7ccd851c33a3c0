"""The actions of a function that has several of them."""

import ast
from collections.abc import Iterator
from typing import Any

from shared.services.sources.module import Source, literal, name_of

_CLASS, _NAME = "Action", "actions"
_KEPT = ("id", "name", "icon_url")


def sub_actions(source: Source) -> list[dict[str, str]]:
    """List the actions that a function names, each with its `id`; what is computed when it runs is
    not known.
    """
    if _CLASS not in source.classes:
        return []
    for node in source.lineage(source.classes[_CLASS]):
        for value in _values(node):
            try:
                found = literal(value)
            except ValueError:
                continue
            return [_cleaned(one) for one in _listed(found) if isinstance(one.get("id"), str)]
    return []


def _listed(found: object) -> list[dict[str, Any]]:
    items = found if isinstance(found, list | tuple) else []
    return [one for one in items if isinstance(one, dict)]


def _cleaned(one: dict[str, Any]) -> dict[str, str]:
    return {name: one[name] for name in _KEPT if isinstance(one.get(name), str)}


def _values(node: ast.ClassDef) -> Iterator[ast.expr]:
    """List what the name is set to: in the class, or on the object when it is made."""
    makers = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    inside = [line for one in makers if one.name == "__init__" for line in one.body]
    for line in [*node.body, *inside]:
        target, value = _assigned(line)
        if name_of(target) == _NAME and value is not None:
            yield value


def _assigned(line: ast.stmt) -> tuple[ast.expr | None, ast.expr | None]:
    if isinstance(line, ast.Assign) and len(line.targets) == 1:
        return line.targets[0], line.value
    if isinstance(line, ast.AnnAssign):
        return line.target, line.value
    return None, None
