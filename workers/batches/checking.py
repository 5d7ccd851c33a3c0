"""Whether the input of a batch is of the right form, before the first line is asked."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from shared.services.batches import problem
from workers.batches.source import Line

_MOST_PROBLEMS = 50
_LONGEST_CUSTOM_ID = 512


@dataclass(frozen=True)
class Request:
    """A line that may be asked."""

    custom_id: str
    body: dict[str, Any]

    @property
    def model(self) -> str:
        """The model that it asks."""
        return str(self.body["model"])


class Wrong(Exception):
    """A line is not of the right form.

    Args:
        code: One word for programs.
        message: What is wrong, for people.
        param: Which key it is about.
    """

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.param = code, message, param


def read(line: Line, endpoint: str) -> Request:
    """Read a line.

    Args:
        endpoint: What every line of the batch has as its `url`.

    Raises:
        Wrong: It is not of the right form.
    """
    if line.content is None:
        raise Wrong("line_too_long", "This line is too long.")
    try:
        value = orjson.loads(line.content)
    except orjson.JSONDecodeError:
        raise Wrong("invalid_json_line", "This line is not valid JSON.") from None
    if not isinstance(value, dict):
        raise Wrong("invalid_json_line", "This line is not a JSON object.")
    _check_head(value, endpoint)
    body = value.get("body")
    if not isinstance(body, dict):
        raise Wrong("invalid_request", "body has to be an object.", "body")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise Wrong("invalid_request", "body has to name a model.", "body.model")
    return Request(value["custom_id"], body)


def _check_head(value: dict[str, Any], endpoint: str) -> None:
    custom_id = value.get("custom_id")
    if not isinstance(custom_id, str) or not 0 < len(custom_id) <= _LONGEST_CUSTOM_ID:
        words = f"custom_id has to be a text of 1 to {_LONGEST_CUSTOM_ID} characters."
        raise Wrong("invalid_custom_id", words, "custom_id")
    if value.get("method", "POST") != "POST":
        raise Wrong("invalid_method", "method has to be POST.", "method")
    if value.get("url") != endpoint:
        raise Wrong("mismatched_url", f"url has to be the batch's endpoint, {endpoint}.", "url")


def check(lines: Iterable[Line], endpoint: str, most: int) -> tuple[int, list[dict[str, Any]]]:
    """Read a whole input.

    Args:
        most: So many lines may be in it.

    Returns:
        How many lines there are, and the first problems in OpenAI's form.
    """
    seen, problems = array("Q"), []
    count = 0
    for line in lines:
        count += 1
        if count > most:
            words = f"A batch has up to {most} lines."
            problems.append(problem("too_many_lines", words, line.number))
            break
        try:
            seen.append(_digest(read(line, endpoint).custom_id))
        except Wrong as wrong:
            problems.append(problem(wrong.code, wrong.message, line.number, wrong.param))
        if len(problems) >= _MOST_PROBLEMS:
            break
    if not count:
        problems.append(problem("empty_file", "There is no request in the file."))
    if not problems and len(set(seen)) != len(seen):
        words = "Every custom_id may be used once; some are used again."
        problems.append(problem("duplicate_custom_id", words, param="custom_id"))
    return count, problems


def _digest(custom_id: str) -> int:
    # Eight bytes instead of the text: an id of 512 characters a line would fill the memory.
    raw = custom_id.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "big")
