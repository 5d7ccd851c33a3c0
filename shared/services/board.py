"""Jobs as operators see them: of everybody, without what anybody wrote."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, select

from shared import db
from shared.ids import first_id_at
from shared.models.job import FAILED, QUEUED, RUNNING, Job
from shared.models.user import User


@dataclass(frozen=True)
class Wanted:
    """Which jobs are wanted; None: any.

    Attributes:
        before: Only jobs accepted before this one.
        since: Only jobs accepted since then, in seconds since the epoch.
    """

    status: str | None = None
    queue: str | None = None
    kind: str | None = None
    model: str | None = None
    user_id: str | None = None
    before: str | None = None
    since: int | None = None


@dataclass(frozen=True)
class Line:
    """One job; times in seconds since the epoch."""

    id: str
    kind: str
    queue: str
    user_id: str | None
    user: str | None
    model: str | None
    status: str
    attempt: int
    cancel_requested: bool
    error: str | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    reason: str | None = None


# Not whole rows: a job's request and result may be megabytes. Nor a part of the result: PostgreSQL
# reads all of it for that, and gives up at a NUL in a text.
_COLUMNS = (
    *(Job.id, Job.kind, Job.queue, Job.user_id, User.name, Job.model, Job.status, Job.attempt),
    *(Job.cancel_requested, Job.error, Job.created_at, Job.started_at, Job.finished_at),
)


def listed(wanted: Wanted, limit: int, *, is_oldest_first: bool = False) -> list[Line]:
    """List jobs of everybody, newest first unless the oldest are wanted."""
    order = Job.id.asc() if is_oldest_first else Job.id.desc()
    look = select(*_COLUMNS).outerjoin(User, User.id == Job.user_id).where(*_fitting(wanted))
    rows: Iterable[Any] = db.connection().execute(look.order_by(order).limit(limit))
    return _with_reasons([Line(*row) for row in rows])


def _with_reasons(lines: list[Line]) -> list[Line]:
    failed = [line.id for line in lines if line.status == FAILED]
    look = select(Job.id, Job.result).where(Job.id.in_(failed))
    results = {row[0]: row[1] or {} for row in db.connection().execute(look)} if failed else {}
    return [
        replace(line, reason=results[line.id].get("reason")) if line.id in results else line
        for line in lines
    ]


def _fitting(wanted: Wanted) -> list[ColumnElement[bool]]:
    columns: dict[str, Any] = {
        "status": Job.status,
        "queue": Job.queue,
        "kind": Job.kind,
        "model": Job.model,
        "user_id": Job.user_id,
    }
    found = [
        column == getattr(wanted, name)
        for name, column in columns.items()
        if getattr(wanted, name) is not None
    ]
    if wanted.before is not None:
        found.append(Job.id < wanted.before)
    if wanted.since is not None:
        found.append(Job.id >= first_id_at(wanted.since))
    return found


def waiting(limit: int) -> list[Line]:
    """List the jobs that wait, oldest first."""
    return listed(Wanted(status=QUEUED), limit, is_oldest_first=True)


def running(limit: int) -> list[Line]:
    """List the jobs that run, newest first."""
    return listed(Wanted(status=RUNNING), limit)


def failures(since: int, limit: int) -> list[Line]:
    """List the jobs that have failed, newest first.

    Args:
        since: Accepted since then, in seconds since the epoch.
    """
    return listed(Wanted(status=FAILED, since=since), limit)
