"""How workers that are one process take messages: straight to the job.

Celery wraps every message in a request and runs it through a tracer, for results, retries, time
limits and revocation. Jobs have none of these from Celery (their row, lease and cancel flag do
that), and the wrapping takes 10 KB of memory per job, a fifth of what a running answer needs.
Everything that Flower and `inspect` show is kept. Prefork workers take messages Celery's own way.

Source: https://docs.celeryq.dev/en/stable/userguide/extending.html; a task's `Strategy` is what a
worker's consumer calls with each message.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from celery.concurrency.base import BasePool
from celery.exceptions import Retry
from celery.utils.time import utcoffset
from celery.worker import state
from celery.worker.strategy import default

from shared.rotation import Turn

log = logging.getLogger(__name__)

Handler = Callable[..., None]
_OFFSET_HOLDS_S = 60


class ThreadPool(BasePool):  # type: ignore[misc]  # Celery has no types
    """Runs one message after another in a thread of the worker's own process, beside the loop that
    keeps in touch with the broker.

    Without the second process of prefork, it needs half of the memory. A crash ends the worker,
    which whoever runs the Procfile starts anew; its job comes back with its lease, as ever.
    """

    takes_straight = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job")

    def on_apply(self, target: Callable[[], None], *_args: Any, **_options: Any) -> Any:
        """Put it behind what runs; the worker takes no more than one such from the broker."""
        return self._executor.submit(target)

    def on_stop(self) -> None:
        """Wait for what runs; what comes behind it gives itself back."""
        self._executor.shutdown()


class Wake:
    """A message under way, as Celery's lists of running tasks want it.

    Attributes:
        eventer: Tells monitors; Celery sets another one when the broker has come back.
    """

    __slots__ = (
        "__weakref__",
        "_ack",
        "_args",
        "_consumer",
        "_is_in_line",
        "_task",
        "eventer",
        "id",
        "name",
        "since",
    )

    def __init__(self, task: Any, consumer: Any, message: Any, ack: Callable[..., None]) -> None:
        self.id: str = message.headers["id"]
        self.name: str = task.name
        self.since = 0.0
        self.eventer = consumer.event_dispatcher
        self._task, self._consumer = task, consumer
        self._ack: Callable[..., None] | None = ack
        self._is_in_line: bool = message.headers.get("in_line", True)
        # A job's message says nothing but its id, and beat's not even that: no body is read.
        self._args: list[Any] = [self.id] if task.is_job else []

    def take(self) -> None:
        """Put the message in line for a green thread."""
        self._tell("task-received", name=self.name, args=repr(tuple(self._args)), kwargs="{}")
        state.task_reserved(self)
        self._consumer.pool.apply_async(self.run)

    @property
    def _more(self) -> dict[str, Any]:
        """What a task is given beside the message: jobs are told apart when they begin."""
        if not self._args:
            return {}
        return {"tell": self._become, "is_in_line": self._is_in_line}

    def _become(self, turn: Turn) -> None:
        """Stand from now on for the job whose turn it is, which need not be the message's."""
        if turn.job_id == self.id:
            return
        self._tell("task-retried", exception="Another job's turn came first.", traceback=None)
        state.task_ready(self)
        self.id, self.name, self._args = turn.job_id, turn.kind, [turn.job_id]
        self._tell("task-received", name=self.name, args=repr((self.id,)), kwargs="{}")
        self._tell("task-started")
        state.task_accepted(self)

    def run(self) -> None:
        """Do what the message asks for; the broker may forget it from now on."""
        self.since = time.time()
        state.task_accepted(self)
        if self._ack is not None:
            self._ack(log, self._consumer.connection_errors)
            self._ack = None  # it holds the whole message
        self._tell("task-started")
        try:
            self._task.run(*self._args, **self._more)
            self._tell("task-succeeded", result="None", runtime=time.time() - self.since)
        except Retry as later:
            self._tell("task-retried", exception=repr(later), traceback=None)
        except Exception as error:  # border: one message must not end the worker
            if not isinstance(error, tuple(self._task.throws)):
                log.exception("%s failed", self.name)
            self._tell("task-failed", exception=repr(error), traceback=None)
        finally:
            state.task_ready(self)

    def _tell(self, kind: str, **fields: Any) -> None:
        """Tell monitors, if there are events; they are sent later, together."""
        if self.eventer is not None and self.eventer.enabled:
            self.eventer.send(kind, uuid=self.id, utcoffset=_utc_offset, **fields)

    def info(self, safe: bool = False) -> dict[str, Any]:  # noqa: ARG002 -- Celery's interface
        """Describe itself to `inspect active` and Flower."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.name,
            "args": self._args,
            "kwargs": {},
            "hostname": self._consumer.hostname,
            "time_start": self.since or None,
            "acknowledged": bool(self.since),
            "delivery_info": {"exchange": "", "routing_key": "", "redelivered": None},
            "worker_pid": None,
        }


def _utc_offset() -> int:
    return _utc_offset_at(int(time.time()) // _OFFSET_HOLDS_S)


@lru_cache(maxsize=1)
def _utc_offset_at(_moment: int) -> int:
    """Ask for the time zone once in a while only; Celery does for each of a job's events."""
    offset: int = utcoffset()
    return offset


def take_straight(task: Any, app: Any, consumer: Any, **options: Any) -> Handler:
    """Make the handler of a task's messages; see the module."""
    if not getattr(consumer.pool, "takes_straight", False):
        handler: Handler = default(task, app, consumer, **options)
        return handler

    def handle(message: Any, _body: Any, ack: Callable[..., None], *_more: Any, **_: Any) -> None:
        Wake(task, consumer, message, ack).take()

    return handle
