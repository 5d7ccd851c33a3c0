"""The Celery application as a worker runs it: signals, logging, and the keeper of each process."""

import _thread
import logging
import warnings
from typing import Any

from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from celery.signals import (
    celeryd_init,
    worker_process_init,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from shared import db, queue, redis, sweep, tracing
from shared.broker import celery
from shared.config.settings import get_settings
from shared.flusher import flusher
from shared.kinds.base import INTERACTIVE, QUEUES
from shared.kinds.inference import RUN_CHAT
from shared.metrics import reports
from workers import base, monitoring
from workers.live import live
from workers.upkeep import sweeper

__all__ = ["app"]

log = logging.getLogger(__name__)

app = celery()

# Celery warns root because of pickle, which we do not accept.
warnings.filterwarnings("ignore", category=SecurityWarning)
monitoring.mend_control_channel()
base.tell_celery()


@celeryd_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _load_answering(sender: str, options: dict[str, Any], **_: Any) -> None:
    """Let nobody's first answer wait for the code that gives it; the rest comes when needed."""
    queues = options.get("queues") or QUEUES
    reports.identify(sender.partition("@")[0], queues)
    reports.add_gauge("jobs_running", live.count)
    if INTERACTIVE in queues:
        base.load(RUN_CHAT.name)


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _start_afresh(**_: Any) -> None:
    """Leave the parent's connections alone in a forked process."""
    db.forget_engine()
    redis.get_redis.cache_clear()
    reports.add_gauge("jobs_running", live.count)
    reports.start()


@worker_ready.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _begin_to_sweep(sender: Any, **_: Any) -> None:
    # Whenever the broker has gone Celery warns of its next version, although celeryconfig.py says
    # what is to happen then. Until now it has set its own filters.
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
    sweeper.start()
    reports.start()
    monitoring.start(sender)


@worker_shutting_down.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _hand_over(**_: Any) -> None:
    grace_s = get_settings().shutdown_grace_s
    # Not threading.Thread: its start waits, and under gevent this runs inside the event loop.
    _thread.start_new_thread(live.hand_over, (grace_s,))


@worker_shutdown.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _leave_nothing_unsaid(**_: Any) -> None:
    if not flusher.drain(timeout_s=5):
        log.warning(
            "the last events could not be written; readers find the endings in the database"
        )
    # Also for a job that has ended: its message may have stood for another one's turn.
    for job in sweep.find(live.postponed()):
        queue.send_or_leave(job.id, job.kind, job.queue, job.user_id)
    reports.leave()
    tracing.flush()
