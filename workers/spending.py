"""What is asked of models beside the answer that a job is for, and what that costs its user."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from shared import db
from shared.ids import new_id
from shared.metrics.catalogue import TOKENS
from shared.services import quotas, usage
from shared.services.answers import Answer
from shared.services.models import Route
from shared.services.quotas import Asker
from shared.services.usage import Tokens
from workers.live import Running
from workers.providers.base import Event
from workers.providers.sse import events_of

# What is counted inside of what somebody is asked, who may count it once more as its own.
_inside: ContextVar[list[Tokens] | None] = ContextVar("spent_inside", default=None)


class Spent:
    """What one answer has cost, as it is told."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._asked, self._said = usage.estimated_prompt(body), Answer()
        self._usage: dict[str, Any] | None = None

    def of_completion(self, completion: dict[str, Any]) -> None:
        """Take a whole answer."""
        self.of_events(events_of(completion))

    def of_events(self, events: list[Event]) -> None:
        """Take a piece of one."""
        for kind, data in events:
            if kind == "delta":
                self._said.add(data)
            elif kind == "usage":
                self._usage = data

    @property
    def text(self) -> str:
        """What was said."""
        return self._said.text

    def tokens(self) -> Tokens:
        """Count; nothing when no answer has begun."""
        if self._usage is None and self._said.is_empty:
            return Tokens()
        result = {"usage": self._usage, "message": self._said.as_message()}
        return usage.tokens_of({}, result, self._asked)


@contextmanager
def counted(
    user_id: str, route: Route, body: dict[str, Any], held: dict[str, Any] | None = None
) -> Iterator[Spent]:
    """Count what is asked in a block, when it ends, however it does.

    Args:
        body: What the model is asked.
        held: What was reserved of quotas for it; without it they are charged afterwards.
    """
    spent = Spent(body)
    try:
        with apart() as inside:
            yield spent
    finally:
        tokens = spent.tokens() - _sum(inside)
        _note([*inside, tokens])
        _settle(Asker(user_id, route.model_id), held, tokens)


@contextmanager
def apart() -> Iterator[list[Tokens]]:
    """Note what is counted by itself inside of a block: what a pipe asks of other models, and what
    it tells as its own usage all the same.
    """
    inside: list[Tokens] = []
    token = _inside.set(inside)
    try:
        yield inside
    finally:
        _inside.reset(token)


@contextmanager
def not_twice(job: Running) -> Iterator[None]:
    """Let a job not pay again for what a pipe asks of other models in a block."""
    with apart() as inside:
        try:
            yield
        finally:
            job.inside += _sum(inside)


def _note(all_of_it: list[Tokens]) -> None:
    outside = _inside.get()
    if outside is not None:
        outside += all_of_it


def _sum(inside: list[Tokens]) -> Tokens:
    return sum(inside, Tokens())


def _settle(asker: Asker, held: dict[str, Any] | None, tokens: Tokens) -> None:
    model = asker.model or ""
    if tokens.total:
        with db.transaction():
            usage.add(asker.user_id, model, tokens)
        TOKENS.count(model, "prompt", amount=tokens.prompt)
        TOKENS.count(model, "completion", amount=tokens.completion)
    quotas.settle(asker, held, new_id(), tokens)
