"""How a job is accepted; its kinds stand in `shared.kinds`."""

import logging
import time
from dataclasses import dataclass
from typing import Any, cast

from redis.exceptions import RedisError
from sqlalchemy import Table, update

from shared import broker, db, relay, tracing
from shared.errors import Unavailable
from shared.ids import new_id, now_s
from shared.kinds.base import JobSpec, Payload
from shared.log import request_id
from shared.models.job import QUEUED, Job
from shared.prepared import Prepared

log = logging.getLogger(__name__)

_job_table = cast(Table, Job.__table__)
_INSERT = Prepared(_job_table.insert())
_NOT_YET: dict[str, Any] = dict.fromkeys(_job_table.columns.keys())


@dataclass(frozen=True)
class Subject:
    """Whom and what a job is about; every id has been checked by the caller, and the worker checks
    again.
    """

    user_id: str | None = None
    chat_id: str | None = None
    message_id: str | None = None
    parent_id: str | None = None


def enqueue(
    spec: JobSpec,
    payload: Payload,
    subject: Subject,
    job_id: str | None = None,
    held: dict[str, Any] | None = None,
) -> str:
    """Accept a job: its row stands in the surrounding transaction, the broker hears of it after the
    commit.

    Args:
        job_id: Chosen by callers that listen for the job before it exists.
        held: What it has reserved of quotas.

    Returns:
        The job's id. If the broker cannot be reached the sweeper sends it later; it is not lost.
    """
    job_id = job_id or new_id()
    row = {
        **_NOT_YET,
        "id": job_id,
        "kind": spec.name,
        "queue": spec.queue,
        "user_id": subject.user_id,
        "parent_id": subject.parent_id,
        "chat_id": subject.chat_id,
        "message_id": subject.message_id,
        "model": getattr(payload, "model", None),
        "status": QUEUED,
        "attempt": 0,
        "handed_over": 0,
        "sent_at": time.time(),
        "cancel_requested": False,
        "request": payload.given(),
        "held": held,
        "trace": tracing.traceparent(),
        "request_id": request_id.get() or None,
        "created_at": now_s(),
    }
    _INSERT.run(db.connection(), row)
    db.after_commit(lambda: send_or_leave(job_id, spec.name, spec.queue, subject.user_id))
    return job_id


def announce(
    job_id: str, spec: JobSpec, user_id: str, chat_id: str, message_id: str, before: str = ""
) -> None:
    """Tell the web processes that have sockets of this user, after the commit, whose message a job
    writes. Told again of a job that they relay already, they send its whole text anew.

    Args:
        chat_id: As the page knows it; need not be a stored chat.
        before: What the message has already, when the job goes on with it.
    """
    about = {
        "job": job_id,
        "kind": spec.name,
        "chat_id": chat_id,
        "message_id": message_id,
        "before": before,
    }

    def tell() -> None:
        try:
            relay.tell_user(user_id, "job", about)
        except RedisError as error:
            log.warning("open pages are not told of job %s: %s", job_id, error)

    db.after_commit(tell)


def send_or_leave(job_id: str, kind: str, queue: str, user_id: str | None) -> None:
    """Wake a worker for a job, or leave that to the sweeper when the broker is away."""
    try:
        broker.ring(job_id, kind, queue, user_id)
    except (Unavailable, RedisError, OSError) as error:
        log.warning("job %s waits for the broker to return: %s", job_id, error)
        with db.transaction() as session:
            session.execute(
                update(Job).where(Job.id == job_id, Job.status == QUEUED).values(sent_at=None)
            )
