"""Where errors are caught, what is never printed, and that tests wait for conditions."""

import ast

from tests.rules.source import PRODUCT, python_files, text, tree

BORDERS = ("web/errors.py", "workers/base.py")


def _line(path: str, number: int) -> str:
    return text(path).splitlines()[number - 1]


def _handlers(*places: str):
    for path in python_files(*places):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler):
                yield path, node


def _is_broad(handler: ast.ExceptHandler) -> bool:
    names = {ast.unparse(n) for n in ast.walk(handler.type)} if handler.type else {"BaseException"}
    last = handler.body[-1]
    passes_on = isinstance(last, ast.Raise) and last.exc is None
    return bool(names & {"Exception", "BaseException"}) and not passes_on


def _head_lines(handler: ast.ExceptHandler) -> range:
    return range(handler.lineno, handler.body[0].lineno)


def test_everything_is_caught_only_at_the_borders_or_with_a_reason():
    bare = [
        f"{path}:{handler.lineno}"
        for path, handler in _handlers(*PRODUCT)
        if _is_broad(handler)
        and path not in BORDERS
        and not any("# border:" in _line(path, n) for n in _head_lines(handler))
    ]

    assert not bare


def test_no_error_is_swallowed_whole():
    swallowed = [
        f"{path}:{handler.lineno}"
        for path, handler in _handlers(*PRODUCT)
        if _is_broad(handler) and all(isinstance(node, ast.Pass) for node in handler.body)
    ]

    assert not swallowed


def test_nothing_is_printed():
    prints = [
        f"{path}:{node.lineno}"
        for path in python_files("shared", "web", "workers")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]

    assert not prints


def test_tests_wait_for_conditions_and_never_sleep():
    sleepers = [
        f"{path}:{node.lineno}"
        for path in python_files("tests")
        if not path.startswith("tests/fakes/")  # a fake provider paces its tokens
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep")
    ]

    assert not sleepers


def test_every_exception_from_lint_and_types_gives_its_reason():
    without_reason = [
        f"{path}:{number}"
        for path in python_files(*PRODUCT)
        for number, line in enumerate(text(path).splitlines(), 1)
        for mark in ("# noqa", "# type: ignore")
        if mark in line and not _is_explained(path, number, mark)
    ]

    assert not without_reason


def _is_explained(path: str, number: int, mark: str) -> bool:
    """Whether the line gives the reason, or a comment above it and its marked neighbours does."""
    line = _line(path, number)
    if _has_reason(line.partition(mark)[2]):
        return True
    above = _line(path, number - 1).strip()
    return above.startswith("#") or (mark in above and _is_explained(path, number - 1, mark))


def _has_reason(rest: str) -> bool:
    """Whether both stand there, the code and a reason: `: CODE -- reason`, `[code]  # reason`."""
    code, _, reason = rest.lstrip(": ").partition(" ")
    return bool(code) and reason.strip().startswith(("-- ", "# ", "("))
