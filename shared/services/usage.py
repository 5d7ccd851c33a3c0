"""Usage: how much each user has had of each model, day by day."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.sql import ColumnElement

from shared import db
from shared.models.quota import Usage
from shared.prepared import Prepared

_BYTES_PER_TOKEN = 4
_LONGEST_MODEL = 512
# The same words on both databases; SQLAlchemy has a construct for each.
_ADD = Prepared(
    text(
        "INSERT INTO usage (day, user_id, model, requests, prompt_tokens, completion_tokens,"
        " estimated_requests) VALUES (:day, :user_id, :model, :requests, :prompt_tokens,"
        " :completion_tokens, :estimated_requests) ON CONFLICT (day, user_id, model) DO UPDATE SET"
        " requests = usage.requests + excluded.requests,"
        " prompt_tokens = usage.prompt_tokens + excluded.prompt_tokens,"
        " completion_tokens = usage.completion_tokens + excluded.completion_tokens,"
        " estimated_requests = usage.estimated_requests + excluded.estimated_requests"
    )
)


@dataclass(frozen=True)
class Tokens:
    """What a request has cost.

    Attributes:
        is_estimated: The provider told nothing; four bytes of text are taken for a token.
    """

    prompt: int = 0
    completion: int = 0
    is_estimated: bool = False

    @property
    def total(self) -> int:
        """Both together."""
        return self.prompt + self.completion

    def __add__(self, other: "Tokens") -> "Tokens":
        is_estimated = self.is_estimated or other.is_estimated
        prompt, completion = self.prompt + other.prompt, self.completion + other.completion
        return Tokens(prompt, completion, is_estimated)

    def __sub__(self, other: "Tokens") -> "Tokens":
        """Take off; nothing is less than none."""
        prompt, completion = self.prompt - other.prompt, self.completion - other.completion
        return Tokens(max(prompt, 0), max(completion, 0), self.is_estimated)


def tokens_of(
    body: dict[str, Any], result: dict[str, Any], asked_tokens: int | None = None
) -> Tokens:
    """Find out what a job has cost.

    Args:
        body: What the provider was asked.
        asked_tokens: A guess made earlier, where the body is gone.
        result: What it made; its `usage` counts, or that of an `answer` that was passed on, if the
            provider told any.
    """
    answer = result.get("answer")
    passed_on = answer if isinstance(answer, dict) else {}
    # Ollama tells its figures beside the answer's own keys.
    for told in (result.get("usage"), passed_on.get("usage"), passed_on):
        if not isinstance(told, dict):
            continue
        prompt = _number(told, "prompt_tokens", "input_tokens", "prompt_eval_count")
        completion = _number(told, "completion_tokens", "output_tokens", "eval_count")
        if prompt or completion:
            return Tokens(prompt, completion)
    made = _length(result.get("message")) or _length(result.get("text"))
    asked = estimated_prompt(body) if asked_tokens is None else asked_tokens
    return Tokens(asked, -(-made // _BYTES_PER_TOKEN), is_estimated=True)


def _number(told: dict[str, Any], *names: str) -> int:
    for name in names:
        value = told.get(name)
        if isinstance(value, int | float) and value > 0:
            return int(value)
    return 0


def estimated_prompt(body: dict[str, Any]) -> int:
    """Guess the tokens of a provider's request by the length of its texts."""
    asked = [body.get(name) for name in ("messages", "input", "prompt")]
    return -(-sum(map(_length, asked)) // _BYTES_PER_TOKEN)


def _length(value: Any) -> int:
    """Count the bytes of all text in a value; pictures and sounds are no text."""
    if isinstance(value, str):
        return 0 if value.startswith("data:") else len(value.encode("utf-8", "replace"))
    if isinstance(value, list):
        return sum(map(_length, value))
    if isinstance(value, dict):
        return sum(_length(value.get(name)) for name in ("content", "text", "reasoning_content"))
    return 0


def add(user_id: str, model: str, tokens: Tokens, requests: int = 1) -> None:
    """Count requests; joins the surrounding transaction."""
    row = {
        "day": time.strftime("%Y-%m-%d", time.gmtime()),
        "user_id": user_id,
        "model": model[:_LONGEST_MODEL],
        "requests": requests,
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.completion,
        "estimated_requests": requests if tokens.is_estimated else 0,
    }
    _ADD.run(db.connection(), row)


def report(
    groups: tuple[str, ...],
    days: tuple[str, str],
    user_id: str | None,
    model: str | None,
    page: tuple[int, int],
) -> list[dict[str, Any]]:
    """Sum usage up, newest day first.

    Args:
        groups: Of "day", "user", "model": one row for each combination.
        days: First and last day, as 2026-11-25.
        user_id: Only this user's; None for everybody's.
        model: Only this model's, when given.
        page: How many rows to leave out, and how many to give.
    """
    columns = [_COLUMNS[name].label(_LABELS.get(name, name)) for name in groups]
    query = select(*columns, *_SUMS).where(Usage.day.between(*days))
    if user_id is not None:
        query = query.where(Usage.user_id == user_id)
    if model is not None:
        query = query.where(Usage.model == model)
    order = [_COLUMNS[name].desc() if name == "day" else _COLUMNS[name] for name in groups]
    by = [_COLUMNS[name] for name in groups]
    query = query.group_by(*by).order_by(*order).offset(page[0]).limit(page[1])
    return [dict(row) for row in db.connection().execute(query).mappings()]


_COLUMNS: dict[str, ColumnElement[Any]] = {
    "day": Usage.__table__.c.day,
    "user": Usage.__table__.c.user_id,
    "model": Usage.__table__.c.model,
}
_LABELS = {"user": "user_id"}


def _sum(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    # PostgreSQL sums up big integers to a decimal number.
    return func.coalesce(func.sum(column), 0).cast(Usage.__table__.c.requests.type).label(name)


_SUMS = (
    *(
        _sum(Usage.__table__.c[name], name)
        for name in ("requests", "prompt_tokens", "completion_tokens", "estimated_requests")
    ),
    _sum(Usage.__table__.c.prompt_tokens + Usage.__table__.c.completion_tokens, "total_tokens"),
)
