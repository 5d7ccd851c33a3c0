"""Finding jobs that were lost: their worker died, or the broker never told anybody of them."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from sqlalchemy import ColumnElement, Table, and_, func, or_, select, update

from shared import db
from shared.config.settings import get_settings
from shared.models.job import QUEUED, RUNNING, Job

_job = cast(Table, Job.__table__)
# A job that waits for others of its owner or its model is sent again after so long at the latest.
PATIENCE_S = 30.0
# Times that lie further ahead were written before the clock was set back.
_CLOCK_LEEWAY_S = 60.0


@dataclass(frozen=True)
class Lost:
    """A job whose worker was lost, or of which the broker knows nothing."""

    id: str
    kind: str
    queue: str
    attempt: int


def sweep(oldest: Mapping[str, float] | None = None) -> list[Lost]:
    """Find jobs whose lease has lapsed and queued jobs that the broker may have lost; put both back
    in line.

    Args:
        oldest: For each queue in which messages wait: when the oldest of them was sent, seconds
            since the epoch. Jobs that were sent later are taken to be among them.

    Returns:
        The jobs to be sent again; none when it took so long to ask that the leases of the living
        may have lapsed as well.
    """
    asked, now = time.monotonic(), time.time()
    with db.statements(write=True) as connection:
        if time.monotonic() - asked > get_settings().job_lease_s / 4:
            return []
        rows = connection.execute(
            update(_job)
            .where(or_(_has_lapsed(now), _was_not_heard(now, oldest or {})))
            .values(status=QUEUED, lease_until=None, sent_at=now)
            .returning(_job.c.id, _job.c.kind, _job.c.queue, _job.c.attempt)
        )
        return [Lost(*row) for row in rows]


def _has_lapsed(now: float) -> ColumnElement[bool]:
    """Choose running jobs whose worker is gone; also where the clock was set back meanwhile."""
    latest = now + get_settings().job_lease_s + _CLOCK_LEEWAY_S
    lease = _job.c.lease_until
    return and_(_job.c.status == RUNNING, or_(lease < now, lease > latest))


def _was_not_heard(now: float, oldest: Mapping[str, float]) -> ColumnElement[bool]:
    """Choose queued jobs whose message must have been taken, or was never sent."""
    patience_s, sent = get_settings().job_resend_after_s, _job.c.sent_at
    latest = now + PATIENCE_S + _CLOCK_LEEWAY_S
    others = and_(_job.c.queue.not_in(list(oldest)), sent < now - patience_s)
    among = [
        and_(_job.c.queue == queue, sent < min(since, now) - patience_s)
        for queue, since in oldest.items()
    ]
    return and_(_job.c.status == QUEUED, or_(sent.is_(None), sent > latest, others, *among))


def sent_at(job_id: str) -> float | None:
    """Give when the broker was last told of a job, seconds since the epoch."""
    with db.statements(write=False) as connection:
        when = select(_job.c.sent_at).where(_job.c.id == job_id)
        found: float | None = connection.execute(when).scalar()
        return found


def find_queued(job_ids: Collection[str]) -> list[Lost]:
    """Find those of some jobs that still wait for a worker."""
    if not job_ids:
        return []
    with db.statements(write=False) as connection:
        columns = (_job.c.id, _job.c.kind, _job.c.queue, _job.c.attempt)
        rows = connection.execute(
            select(*columns).where(_job.c.id.in_(list(job_ids)), _job.c.status == QUEUED)
        )
        return [Lost(*row) for row in rows]


def status_counts() -> dict[tuple[str, str], int]:
    """Count jobs that have not ended, by queue and status."""
    with db.statements(write=False) as connection:
        rows = connection.execute(
            select(_job.c.queue, _job.c.status, func.count())
            .where(_job.c.status.in_((QUEUED, RUNNING)))
            .group_by(_job.c.queue, _job.c.status)
        )
        return {(queue, status): count for queue, status, count in rows}
