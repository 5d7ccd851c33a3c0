"""Letting another job do a part of the work, and waiting for it."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from shared import db, leases, queue, relay
from shared.errors import SwitchyardError, UpstreamFailed
from shared.ids import new_id
from shared.kinds.base import JobSpec, Payload
from shared.models.job import COMPLETED, ENDED, RUNNING, Job
from shared.queue import Subject
from shared.subscriber import subscriber
from workers.live import Running

if TYPE_CHECKING:
    from workers.standing_in import StandIn

# How long nothing may be heard before a job's row is looked at.
_DOUBT_S = 1.0

Part = tuple[JobSpec, Payload]


def ask(
    job: "Running | StandIn", parts: Sequence[Part], user_id: str | None = None
) -> list[dict[str, Any]]:
    """Accept jobs and wait for their results; they end when this one is stopped.

    Args:
        job: The one that waits.
        parts: What is to be done, all at once.
        user_id: Whose jobs they are: they count against limits. Nobody's do not wait for these,
            which a job that waits needs itself.

    Returns:
        Their results, in the same order.

    Raises:
        UpstreamFailed: One has failed; the message is its own.
        Stopped: This job has to end.
    """
    ids = [new_id() for _ in parts]
    news = threading.Event()

    def hear(_frame: bytes | None) -> None:
        news.set()

    for one in ids:
        subscriber.add(relay.channel(one), hear)
    try:
        with db.transaction():
            for one, (spec, payload) in zip(ids, parts, strict=True):
                queue.enqueue(spec, payload, Subject(user_id, parent_id=job.claim.id), one)
        with job.abortable(news.set):
            return [_result(row) for row in _awaited(job, ids, news)]
    except SwitchyardError:
        _cancel(ids)
        raise
    finally:
        for one in ids:
            subscriber.remove(relay.channel(one), hear)


def _awaited(job: "Running | StandIn", ids: Sequence[str], news: threading.Event) -> list[Job]:
    while True:
        news.clear()
        job.check()
        with db.reading() as session:
            rows = [session.get_one(Job, one, populate_existing=True) for one in ids]
        if all(row.status in ENDED for row in rows):
            return rows
        news.wait(_DOUBT_S)


def _result(row: Job) -> dict[str, Any]:
    if row.status != COMPLETED:
        raise UpstreamFailed({"error": row.error} if row.error else {})
    return row.result or {}


def _cancel(ids: Sequence[str]) -> None:
    for one in ids:
        if leases.cancel(one) == RUNNING:
            try:
                relay.tell_workers_to_cancel(one)
            except RedisError:
                return  # its row says so
