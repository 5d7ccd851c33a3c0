"""Reading our own source for the rule tests."""

import ast
import importlib
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from tests.services.require import missing

ROOT = Path(__file__).parents[2]
PRODUCT = ("shared", "web", "workers", "launch")
EVERYWHERE = (
    *PRODUCT,
    "tests",
    "bench",
    "migrations/env.py",
    "wsgi.py",
    "celeryconfig.py",
    "gunicorn.conf.py",
)


@cache
def tracked() -> tuple[str, ...]:
    """Give the paths of the files that git knows, or would know, relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(path for path in done.stdout.splitlines() if (ROOT / path).is_file())


def python_files(*places: str) -> list[str]:
    """Give the Python files in folders, or the files themselves, relative to the root."""
    return [
        path
        for path in tracked()
        if path.endswith(".py") and any(path == p or path.startswith(f"{p}/") for p in places)
    ]


@cache
def text(path: str) -> str:
    """Read a file of the checkout."""
    return (ROOT / path).read_text("utf-8")


@cache
def tree(path: str) -> ast.Module:
    """Parse a file of the checkout."""
    return ast.parse(text(path))


def imports(path: str) -> Iterator[tuple[str, int]]:
    """Give the full names that a file imports, with their lines, `TYPE_CHECKING` or not."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno


def module(name: str) -> ModuleType:
    """Import a part of the product; while it does not exist yet, a developer's run skips."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            missing(name, "it is not written yet")
        raise


def existing(path: str) -> Path:
    """Give a file of the checkout; while it does not exist yet, a developer's run skips."""
    found = ROOT / path
    if not found.is_file():
        missing(path, "it is not written yet")
    return found
