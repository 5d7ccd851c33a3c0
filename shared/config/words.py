"""What is wrong with a value, in the words of whoever wrote it; the value is never repeated."""

from typing import Any

_WORDS = {
    "bool_parsing": "it has to be true or false",
    "bool_type": "it has to be true or false",
    "dict_type": "it has to be a JSON object",
    "float_parsing": "it has to be a number",
    "float_type": "it has to be a number",
    "greater_than": "it has to be more than {gt}",
    "greater_than_equal": "it has to be at least {ge}",
    "int_from_float": "it has to be a whole number",
    "int_parsing": "it has to be a whole number",
    "int_type": "it has to be a whole number",
    "less_than_equal": "it has to be at most {le}",
    "list_type": "it has to be a list",
    "literal_error": "it has to be {expected}",
    "missing": "it is missing",
    "string_type": "it has to be a text",
    "value_error": "{error}",
}


def in_words(problem: Any) -> str:
    """Say one problem of Pydantic's list (`ValidationError.errors()`) without its place."""
    words: str = _WORDS.get(problem["type"], problem["msg"])
    return words.format(**problem.get("ctx", {}))
