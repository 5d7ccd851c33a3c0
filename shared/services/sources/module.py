"""A module: its classes, and what its head says about it."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from shared.errors import Invalid

LONGEST_BYTES = 512 * 1024
_HEAD_LINE = re.compile(r"^\s*([a-z_]+)\s*:\s*(.*?)\s*$", re.IGNORECASE)

Method = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A module that was read.

    Attributes:
        head: What the text at its beginning says: title, author, version, requirements …
        classes: Those of the module itself, by name.
        aliases: What its names were set to, for names of types.
    """

    head: dict[str, str]
    classes: dict[str, ast.ClassDef]
    aliases: dict[str, ast.expr]

    def lineage(self, node: ast.ClassDef) -> Iterator[ast.ClassDef]:
        """List a class, then those of this module that it inherits from, nearest first."""
        waiting, seen = [node], set()
        while waiting:
            one = waiting.pop(0)
            if id(one) not in seen:
                seen.add(id(one))
                yield one
                waiting += [self.classes[n] for n in map(name_of, one.bases) if n in self.classes]

    def inner(self, outer: str, name: str) -> ast.ClassDef | None:
        """Find a class inside a class, its own or inherited."""
        if outer not in self.classes:
            return None
        for node in self.lineage(self.classes[outer]):
            for statement in node.body:
                if isinstance(statement, ast.ClassDef) and statement.name == name:
                    return statement
                if _is_alias(statement, name):
                    return self.classes.get(name_of(statement.value))  # type: ignore[attr-defined]  # an Assign
        return None


def parse(text: str) -> Source:
    """Read a module.

    Raises:
        Invalid: It is no Python, or too long.
    """
    if len(text.encode("utf-8", "replace")) > LONGEST_BYTES:
        raise Invalid(f"The source is longer than {LONGEST_BYTES // 1024} KB.")
    try:
        with warnings.catch_warnings():
            # What is bad manners in Python is none of ours.
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        raise Invalid(f"The source is no Python: {error.msg} (line {error.lineno}).") from None
    except (ValueError, RecursionError, MemoryError):
        raise Invalid("The source is no Python, or too deep.") from None
    statements = list(_top_level(tree.body))
    return Source(
        _head(ast.get_docstring(tree) or ""),
        {node.name: node for node in statements if isinstance(node, ast.ClassDef)},
        {
            name_of(node.targets[0]): node.value
            for node in statements
            if isinstance(node, ast.Assign) and len(node.targets) == 1
        },
    )


def name_of(node: ast.expr | None) -> str:
    """Give the last name of an expression such as `pydantic.BaseModel`; empty when it has none."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def literal(node: ast.expr | None) -> object:
    """Give the value of an expression that needs no running.

    Raises:
        ValueError: It needs running.
    """
    if node is None:
        raise ValueError("nothing there")
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError("it is no literal") from error


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """List the statements of a module, those under `if` and `try` too."""
    waiting = body[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If):
            waiting += (node.body + node.orelse)[::-1]
        elif isinstance(node, ast.Try):
            waiting += (node.body + node.orelse + node.finalbody)[::-1]


def _is_alias(statement: ast.stmt, name: str) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and name_of(statement.targets[0]) == name
    )


def _head(docstring: str) -> dict[str, str]:
    lines = filter(None, map(_HEAD_LINE.match, docstring.splitlines()))
    return {found[1].lower(): found[2] for found in lines}
