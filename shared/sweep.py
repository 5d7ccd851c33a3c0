"""Finding jobs that were lost: their worker died, or the broker never told anybody of them."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from sqlalchemy import ColumnElement, Connection, Table, and_, func, literal, or_, select, update

from shared import db
from shared.config.settings import get_settings
from shared.models.job import QUEUED, RUNNING, Job
from shared.prepared import Prepared

_job = cast(Table, Job.__table__)
# A job that waits for others of its owner or its model is sent again after so long at the latest.
PATIENCE_S = 30.0
# Times that lie further ahead were written before the clock was set back.
_CLOCK_LEEWAY_S = 60.0
_LOOKED_AT_ONCE = 200


@dataclass(frozen=True)
class Lost:
    """A job whose worker was lost (`has_lapsed`), or of which the broker knows nothing."""

    id: str
    kind: str
    queue: str
    attempt: int
    user_id: str | None
    has_lapsed: bool = False


# What is read of a lost job's row.
COLUMNS = (_job.c.id, _job.c.kind, _job.c.queue, _job.c.attempt, _job.c.user_id)
# Asked twice a second, whether or not there is work.
_COUNTS = Prepared(
    select(_job.c.queue, _job.c.status, func.count())
    .where(or_(_job.c.status == QUEUED, _job.c.status == RUNNING))
    .group_by(_job.c.queue, _job.c.status)
)


def sweep(backlogged: Collection[str] = ()) -> list[Lost]:
    """Find jobs whose lease has lapsed and queued jobs that the broker may have lost; put both back
    in line.

    Args:
        backlogged: Queues in which messages wait. Their jobs are left to `long_queued`.

    Returns:
        The jobs to be sent again; none when it took so long to ask that the leases of the living
        may have lapsed as well.
    """
    asked, now = time.monotonic(), time.time()
    with db.statements(write=True) as connection:
        if time.monotonic() - asked > get_settings().job_lease_s / 4:
            return []
        # Apart, though one statement would do: operators want to know how many workers were lost.
        return [
            *_put_back(connection, _has_lapsed(now), now, has_lapsed=True),
            *_put_back(connection, _was_not_heard(now, backlogged), now, has_lapsed=False),
        ]


def _put_back(
    connection: Connection, which: ColumnElement[bool], now: float, *, has_lapsed: bool
) -> list[Lost]:
    again = update(_job).where(which).values(status=QUEUED, lease_until=None, sent_at=now)
    rows = connection.execute(again.returning(*COLUMNS, literal(has_lapsed)))
    return [Lost(*row) for row in rows]


def _has_lapsed(now: float) -> ColumnElement[bool]:
    """Choose running jobs whose worker is gone; also where the clock was set back meanwhile."""
    latest = now + get_settings().job_lease_s + _CLOCK_LEEWAY_S
    lease = _job.c.lease_until
    return and_(_job.c.status == RUNNING, or_(lease < now, lease > latest))


def _was_not_heard(now: float, backlogged: Collection[str]) -> ColumnElement[bool]:
    """Choose queued jobs whose message must have been taken, or was never sent."""
    sent, latest = _job.c.sent_at, now + PATIENCE_S + _CLOCK_LEEWAY_S
    was_taken = and_(
        _job.c.queue.not_in(list(backlogged)), sent < now - get_settings().job_resend_after_s
    )
    return and_(_job.c.status == QUEUED, or_(sent.is_(None), sent > latest, was_taken))


def long_queued(backlogged: Collection[str]) -> list[Lost]:
    """Give some queued jobs that were sent a while ago, to be looked for in the line; each comes
    again only after as long.

    Args:
        backlogged: The queues to look at.
    """
    if not backlogged:
        return []
    now = time.time()
    old = (
        select(_job.c.id)
        .where(_job.c.status == QUEUED, _job.c.queue.in_(list(backlogged)))
        .where(_job.c.sent_at < now - get_settings().job_resend_after_s)
        .limit(_LOOKED_AT_ONCE)
    )
    with db.statements(write=True) as connection:
        rows = connection.execute(
            update(_job)
            .where(_job.c.id.in_(old.scalar_subquery()), _job.c.status == QUEUED)
            .values(sent_at=now)
            .returning(*COLUMNS)
        )
        return [Lost(*row) for row in rows]


def find(job_ids: Collection[str]) -> list[Lost]:
    """Find some jobs, whatever has become of them."""
    if not job_ids:
        return []
    with db.statements(write=False) as connection:
        rows = connection.execute(select(*COLUMNS).where(_job.c.id.in_(list(job_ids))))
        return [Lost(*row) for row in rows]


def open_counts() -> list[tuple[str, str, str, int, int]]:
    """Count jobs that have not ended: queue, status, model, how many, when the oldest was accepted
    (seconds since the epoch).
    """
    columns = (_job.c.queue, _job.c.status, func.coalesce(_job.c.model, ""))
    counts = (func.count(), func.min(_job.c.created_at))
    look = select(*columns, *counts).where(_job.c.status.in_((QUEUED, RUNNING)))
    with db.statements(write=False) as connection:
        return [tuple(row) for row in connection.execute(look.group_by(*columns))]


def status_counts() -> dict[tuple[str, str], int]:
    """Count jobs that have not ended, by queue and status."""
    with db.statements(write=False) as connection:
        rows = _COUNTS.run(connection, {}).rows
        return {(queue, status): count for queue, status, count in rows}
