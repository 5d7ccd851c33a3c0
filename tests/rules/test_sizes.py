"""How large things may grow, and what they may be called."""

import ast

from tests.rules.source import EVERYWHERE, PRODUCT, python_files, text, tree

FILE_LINES = 400
FUNCTION_LINES = 40
KIND_NAMES = {"utils.py", "util.py", "helpers.py", "models.py", "views.py", "common.py", "misc.py"}
NOUNS = {"shared/services/models.py"}  # what users choose to talk to


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines; its docstring may be as long as it has to be."""
    first = node.body[0]
    docstring = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(node) else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


def test_files_have_at_most_400_lines():
    sizes = {path: len(text(path).splitlines()) for path in python_files(*EVERYWHERE)}

    assert not {path: size for path, size in sizes.items() if size > FILE_LINES}


def test_functions_have_at_most_40_lines():
    long = {
        f"{path}:{node.lineno} {node.name}": size
        for path in python_files(*EVERYWHERE)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (size := _code_lines(node)) > FUNCTION_LINES
    }

    assert not long


def test_files_are_named_by_noun_and_not_by_kind():
    named_by_kind = {p for p in python_files(*EVERYWHERE) if p.rpartition("/")[2] in KIND_NAMES}

    assert not named_by_kind - NOUNS


def test_every_module_opens_with_a_sentence():
    silent = [
        p for p in python_files(*EVERYWHERE) if text(p).strip() and not ast.get_docstring(tree(p))
    ]

    assert not silent


def test_the_product_carries_no_todos():
    marks = ("TO" + "DO", "FIX" + "ME", "X" * 3 + ":")

    found = [
        f"{path}:{number}"
        for path in python_files(*PRODUCT)
        for number, line in enumerate(text(path).splitlines(), 1)
        if any(mark in line for mark in marks)
    ]

    assert not found
