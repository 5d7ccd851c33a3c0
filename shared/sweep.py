"""Finding jobs that were lost: their worker died, or the broker never told anybody of them."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, and_, func, or_, select, update

from shared import db
from shared.config.settings import get_settings
from shared.models.job import QUEUED, RUNNING, Job

_job = cast(Table, Job.__table__)


@dataclass(frozen=True)
class Lost:
    """A job whose worker was lost, or of which the broker knows nothing."""

    id: str
    kind: str
    queue: str
    attempt: int


def sweep(backlogged: Collection[str] = ()) -> list[Lost]:
    """Find jobs whose lease has lapsed and queued jobs that the broker may have lost; put both back
    in line.

    Args:
        backlogged: Queues in which messages still wait; their queued jobs are taken to be among
            them.

    Returns:
        The jobs to be sent again.
    """
    now = time.time()
    stale = now - get_settings().job_resend_after_s
    with db.statements(write=True) as connection:
        rows = connection.execute(
            update(_job)
            .where(
                or_(
                    and_(_job.c.status == RUNNING, _job.c.lease_until < now),
                    and_(_job.c.status == QUEUED, _job.c.sent_at.is_(None)),
                    and_(
                        _job.c.status == QUEUED,
                        _job.c.sent_at < stale,
                        _job.c.queue.not_in(backlogged),
                    ),
                )
            )
            .values(status=QUEUED, lease_until=None, sent_at=now)
            .returning(_job.c.id, _job.c.kind, _job.c.queue, _job.c.attempt)
        )
        return [Lost(*row) for row in rows]


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
