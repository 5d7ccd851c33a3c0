"""The page of the queues: how much is running and waiting, and who works on it."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from flower.options import options
from flower.views import BaseHandler
from tornado.ioloop import IOLoop

log = logging.getLogger(__name__)

# An absolute path: Flower's own folder is the one for templates, ours extends what lies there.
_TEMPLATE = str(Path(__file__).parent / "templates" / "queues.html")
_REFRESH_S = 5
_PATIENCE_S = 5.0

T = TypeVar("T")


@dataclass(frozen=True)
class Queue:
    """One queue; None is what could not be found out."""

    name: str
    running: int | None
    waiting: int | None
    messages: int | None
    workers: int | None

    @property
    def depth(self) -> int | None:
        """Jobs that have been accepted and have not ended."""
        if self.running is None or self.waiting is None:
            return None
        return self.running + self.waiting

    @property
    def is_stuck(self) -> bool:
        """Whether jobs wait for workers that are not there."""
        return bool(self.waiting) and self.workers == 0


class QueuesView(BaseHandler):  # type: ignore[misc]  # flower has no types
    """The page in the place of Flower's own, which knows the broker's side only."""

    async def get(self) -> None:
        """Show every queue."""
        problems: list[str] = []
        names = [queue.name for queue in self.capp.conf.task_queues]
        jobs, messages, workers = await asyncio.gather(
            _answer("The database", _in_thread(_jobs), problems),
            _answer("The broker", self._messages(names), problems),
            _answer("The workers' channel", _in_thread(self._workers), problems),
        )
        self.set_header("Refresh", str(_REFRESH_S))
        self.render(
            _TEMPLATE,
            broker_url=self.application.broker_uri,
            problems=sorted(problems),
            queues=[_queue(name, jobs, messages, workers) for name in names],
            refresh_s=_REFRESH_S,
            shown=lambda count: "—" if count is None else count,
        )

    async def _messages(self, names: list[str]) -> dict[str, int]:
        """Count the messages that wait in the broker, by queue; not every broker tells."""
        found = await self.get_broker().queues(names)
        return {queue["name"]: queue["messages"] for queue in found}

    def _workers(self) -> Counter[str]:
        """Count the workers that answer, by queue."""
        inspect = self.capp.control.inspect(timeout=options.inspect_timeout / 1000)
        answers = (inspect.active_queues() or {}).values()
        return Counter(str(queue["name"]) for queues in answers for queue in queues)


async def _answer(whom: str, question: Awaitable[T], problems: list[str]) -> T | None:
    """Wait for an answer; what does not come is noted, the rest of the page comes all the same."""
    try:
        return await asyncio.wait_for(question, _PATIENCE_S)
    except Exception as error:  # border: a page for times of trouble has to come up in trouble
        log.warning("%s does not answer: %r", whom, error)
        problems.append(f"{whom} does not answer.")
        return None


def _in_thread(question: Callable[[], T]) -> Awaitable[T]:
    return IOLoop.current().run_in_executor(None, question)


def _jobs() -> Counter[tuple[str, str]]:
    """Count the jobs that have not ended, by queue and status."""
    from shared import sweep  # noqa: PLC0415  (30 MB that nobody needs before this page is opened)

    return Counter(sweep.status_counts())


def _queue(
    name: str,
    jobs: Counter[tuple[str, str]] | None,
    messages: dict[str, int] | None,
    workers: Counter[str] | None,
) -> Queue:
    return Queue(
        name=name,
        running=None if jobs is None else jobs[name, "running"],
        waiting=None if jobs is None else jobs[name, "queued"],
        messages=None if messages is None else messages.get(name),
        workers=None if workers is None else workers[name],
    )
