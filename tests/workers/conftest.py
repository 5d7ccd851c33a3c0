"""Fixtures of the tests of `workers`: work of a test's own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.flusher import flusher
from shared.kinds.inference import RUN_CHAT
from workers import base
from workers.live import Live, Running

Do = Callable[[Running], None]

# What a test puts in another's place must be there already: it would be loaded on top of it.
base.works()


class Working:
    """Work that does what a test wants of it.

    Attributes:
        saved: What `save` was called with.
    """

    do: Do = staticmethod(lambda _job: None)
    load: Do = staticmethod(lambda _job: None)
    result: dict[str, Any] = {"text": "made", "x": 1}  # noqa: RUF012 -- replaced, never changed
    saved: list[tuple[str, str | None]]

    @classmethod
    def make(cls, job: Running) -> "_Work":
        """Make the work of one attempt."""
        cls.load(job)
        return _Work(cls, job)


class _Work:
    def __init__(self, plan: type[Working], job: Running) -> None:
        self._plan, self._job = plan, job

    def do(self) -> None:
        self._plan.do(self._job)

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        self._plan.saved.append((status, error))
        result = self._plan.result
        return dict(result() if callable(result) else result)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch, world: None) -> Iterator[type[Working]]:
    """What chat jobs do during a test; nothing, unless the test says more."""
    plan = type("Plan", (Working,), {"saved": []})
    monkeypatch.setitem(base._WORKS, RUN_CHAT.name, plan.make)
    yield plan
    assert flusher.drain(5)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Live:
    """The running jobs of a process of the test's own."""
    made = Live()
    monkeypatch.setattr(base, "live", made)
    return made
