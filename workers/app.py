"""The Celery application as a worker runs it: signals, logging, and the keeper of each process."""

import _thread
import logging
import warnings
from typing import Any

from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from celery.signals import (
    worker_process_init,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from shared import db, queue, redis, sweep
from shared.broker import celery
from shared.config.settings import get_settings
from shared.flusher import flusher
from workers import monitoring
from workers.accounts import tasks as _accounts  # noqa: F401 -- registers its tasks
from workers.batches import tasks as _batches  # noqa: F401 -- registers its tasks
from workers.catalogue import tasks as _catalogue  # noqa: F401 -- registers its tasks
from workers.channels import tasks as _channels  # noqa: F401 -- registers its tasks
from workers.images import tasks as _images  # noqa: F401 -- registers its tasks
from workers.inference import tasks as _inference  # noqa: F401 -- registers its tasks
from workers.live import live
from workers.proxies import tasks as _proxies  # noqa: F401 -- registers its tasks
from workers.retrieval import tasks as _retrieval  # noqa: F401 -- registers its tasks
from workers.speech import tasks as _speech  # noqa: F401 -- registers its tasks
from workers.texts import tasks as _texts  # noqa: F401 -- registers its tasks
from workers.upkeep import sweeper
from workers.upkeep import tasks as _upkeep  # noqa: F401 -- registers its tasks
from workers.webhooks import tasks as _webhooks  # noqa: F401 -- registers its tasks
from workers.workspace import tasks as _workspace  # noqa: F401 -- registers its tasks

__all__ = ["app"]

log = logging.getLogger(__name__)

app = celery()

# Celery warns root because of pickle, which we do not accept.
warnings.filterwarnings("ignore", category=SecurityWarning)
monitoring.mend_control_channel()


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _start_afresh(**_: Any) -> None:
    """Leave the parent's connections alone in a forked process."""
    db.forget_engine()
    redis.get_redis.cache_clear()


@worker_ready.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _begin_to_sweep(sender: Any, **_: Any) -> None:
    # Whenever the broker has gone Celery warns of its next version, although celeryconfig.py says
    # what is to happen then. Until now it has set its own filters.
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
    sweeper.start()
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
