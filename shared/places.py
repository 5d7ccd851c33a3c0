"""How many jobs of a user or a model may run at once, and who is next when one ends."""

import time
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, or_, select, update

from shared import db
from shared.config.settings import get_settings
from shared.models.job import QUEUED, RUNNING, Job
from shared.sweep import PATIENCE_S, Lost

_job = cast(Table, Job.__table__)
_MOST_WOKEN = 100


@dataclass(frozen=True)
class Waiting:
    """A job that may not start yet, because its owner or its model has enough of them running.

    Attributes:
        behind: Id of the user or the model whose jobs have to end first.
        position: Place in line, from 1.
    """

    job_id: str
    attempt: int
    behind: str
    position: int


_LINE = select(_job.c.status, _job.c.attempt, _job.c.user_id, _job.c.model).where(
    _job.c.id == bindparam("job")
)
_RUNNING_OF_USER = select(func.count()).where(
    _job.c.status == RUNNING, _job.c.user_id == bindparam("whose")
)
_RUNNING_OF_MODEL = select(func.count()).where(
    _job.c.status == RUNNING, _job.c.model == bindparam("whose")
)


def in_line(job_id: str) -> Waiting | None:
    """Find out whether a queued job has to wait for others of its owner or its model."""
    settings = get_settings()
    per_user, per_model = settings.job_max_running_per_user, settings.job_max_running_per_model
    if not per_user and not per_model:
        return None
    job = db.connection().execute(_LINE, {"job": job_id}).first()
    if job is None or job.status != QUEUED or job.user_id is None:
        return None
    if per_user and _count(_RUNNING_OF_USER, job.user_id) >= per_user:
        return Waiting(
            job_id, job.attempt, job.user_id, _place(_job.c.user_id == job.user_id, job_id)
        )
    if per_model and job.model is not None and _count(_RUNNING_OF_MODEL, job.model) >= per_model:
        return Waiting(job_id, job.attempt, job.model, _place(_job.c.model == job.model, job_id))
    return None


def _count(statement: Any, whose: str) -> int:
    return int(db.connection().execute(statement, {"whose": whose}).scalar_one())


def _place(whose: Any, job_id: str) -> int:
    ahead = select(func.count()).where(_job.c.status == QUEUED, whose, _job.c.id < job_id)
    return int(db.connection().execute(ahead).scalar_one()) + 1


def let_wait(job_id: str, now: float) -> None:
    """Note that a job waits for its turn; joins the surrounding transaction.

    It is known by a time of sending that lies ahead. `next_in_line` wakes it or, should that be
    lost, `free`.

    Args:
        now: Seconds since the epoch.
    """
    later = update(_job).where(_job.c.id == job_id).values(sent_at=now + PATIENCE_S)
    db.connection().execute(later)


def next_in_line(user_id: str | None, model: str | None) -> Lost | None:
    """Find the queued job that may start because a job of this user and this model has ended."""
    settings = get_settings()
    wheres = []
    if settings.job_max_running_per_user and user_id:
        wheres.append(_job.c.user_id == user_id)
    if settings.job_max_running_per_model and model:
        wheres.append(_job.c.model == model)
    if not wheres:
        return None
    with db.statements(write=False) as connection:
        row = connection.execute(
            select(_job.c.id, _job.c.kind, _job.c.queue, _job.c.attempt)
            .where(_job.c.status == QUEUED, or_(*wheres))
            .order_by(_job.c.id)
            .limit(1)
        ).first()
    return None if row is None else Lost(*row)


def free() -> list[Lost]:
    """Find waiting jobs for which there is room although nobody has woken them.

    Whoever ends a job wakes the next one, but may not have heard yet that somebody waits; or the
    next one waits for something else as well.

    Returns:
        The jobs to be sent, of each user and model no more than there is room for.
    """
    with db.statements(write=False) as connection:
        groups = connection.execute(
            select(_job.c.user_id, _job.c.model)
            .where(_job.c.status == QUEUED, _job.c.sent_at > time.time())
            .distinct()
        ).all()
        rooms = [(group, _room(*group)) for group in groups]
    return [lost for group, room in rooms if room > 0 for lost in _wake(*group, room)]


def _room(user_id: str | None, model: str | None) -> int:
    """Count how many more jobs of a user and a model may run now."""
    settings = get_settings()
    room = _MOST_WOKEN
    if settings.job_max_running_per_user and user_id:
        room = min(room, settings.job_max_running_per_user - _count(_RUNNING_OF_USER, user_id))
    if settings.job_max_running_per_model and model:
        room = min(room, settings.job_max_running_per_model - _count(_RUNNING_OF_MODEL, model))
    return room


def _wake(user_id: str | None, model: str | None, room: int) -> list[Lost]:
    """Let the first of those that wait stand in line no longer."""
    now = time.time()
    first = (
        select(_job.c.id)
        .where(_job.c.status == QUEUED, _job.c.sent_at > now)
        .where(_job.c.user_id.is_not_distinct_from(user_id))
        .where(_job.c.model.is_not_distinct_from(model))
        .order_by(_job.c.id)
        .limit(room)
    )
    with db.statements(write=True) as connection:
        rows = connection.execute(
            update(_job)
            .where(_job.c.id.in_(first.scalar_subquery()), _job.c.status == QUEUED)
            .values(sent_at=now)
            .returning(_job.c.id, _job.c.kind, _job.c.queue, _job.c.attempt)
        )
        return [Lost(*row) for row in rows]
