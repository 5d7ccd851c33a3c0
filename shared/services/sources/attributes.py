"""What a class of a plugin says of itself by attributes: in the class, or on the object when it is
made. What is computed when it runs is not known.
"""

import ast
from collections.abc import Iterator
from typing import Any

from shared.services.sources.module import Source, literal, name_of


def attribute(source: Source, class_name: str, name: str) -> Any:
    """Give what an attribute is set to; None when it is not set, or not to a literal."""
    if class_name not in source.classes:
        return None
    for node in source.lineage(source.classes[class_name]):
        for value in _values(node, name):
            try:
                return literal(value)
            except ValueError:
                continue
    return None


def _values(node: ast.ClassDef, name: str) -> Iterator[ast.expr]:
    makers = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    inside = [line for one in makers if one.name == "__init__" for line in one.body]
    for line in [*node.body, *inside]:
        target, value = _assigned(line)
        if name_of(target) == name and value is not None:
            yield value


def _assigned(line: ast.stmt) -> tuple[ast.expr | None, ast.expr | None]:
    if isinstance(line, ast.Assign) and len(line.targets) == 1:
        return line.targets[0], line.value
    if isinstance(line, ast.AnnAssign):
        return line.target, line.value
    return None, None
