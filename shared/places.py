"""How many jobs of a user or a model may run at once, and who is next when one ends."""

import time
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, select, update

from shared import db
from shared.config.settings import get_settings
from shared.models.job import QUEUED, RUNNING, Job
from shared.sweep import COLUMNS, PATIENCE_S, Lost

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


_LINE = select(_job.c.id, _job.c.status, _job.c.attempt, _job.c.user_id, _job.c.model).where(
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
        place = _place(_job.c.user_id == job.user_id, job)
        return Waiting(job_id, job.attempt, job.user_id, place)
    if per_model and job.model is not None and _count(_RUNNING_OF_MODEL, job.model) >= per_model:
        return Waiting(job_id, job.attempt, job.model, _place(_job.c.model == job.model, job))
    return None


def _count(statement: Any, whose: str) -> int:
    return int(db.connection().execute(statement, {"whose": whose}).scalar_one())


def _place(whose: Any, job: Any) -> int:
    """Count a job's place when users take turns: of each other user so many go before it as of its
    own, and one more.
    """
    waiting = _job.c.status == QUEUED
    own = select(func.count()).where(waiting, whose, _job.c.user_id == job.user_id)
    ahead = int(db.connection().execute(own.where(_job.c.id < job.id)).scalar_one())
    others = (
        select(func.count())
        .where(waiting, whose, _job.c.user_id != job.user_id)
        .group_by(_job.c.user_id)
    )
    counts = db.connection().execute(others).scalars()
    return 1 + ahead + sum(min(count, ahead + 1) for count in counts)


def let_wait(job_id: str, now: float) -> None:
    """Note that a job waits for its turn; joins the surrounding transaction.

    It is known by a time of sending that lies ahead. `next_in_line` wakes it or, should that be
    lost, `free`.

    Args:
        now: Seconds since the epoch.
    """
    later = update(_job).where(_job.c.id == job_id).values(sent_at=now + PATIENCE_S)
    db.connection().execute(later)


def next_in_line(user_id: str | None, model: str | None) -> list[Lost]:
    """Find the queued jobs that may start because a job of this user and this model has ended: the
    user's oldest, and that of the user whose turn it is at the model.
    """
    settings = get_settings()
    with db.statements(write=False):
        jobs = set()
        if settings.job_max_running_per_user and user_id:
            jobs.add(_oldest(_job.c.user_id == user_id))
        if settings.job_max_running_per_model and model:
            jobs.add(_next_at_model(model, user_id))
    return [job for job in jobs if job is not None]


def _oldest(*whose: Any) -> Lost | None:
    query = select(*COLUMNS).where(_job.c.status == QUEUED, *whose).order_by(_job.c.id).limit(1)
    row = db.connection().execute(query).first()
    return None if row is None else Lost(*row)


def _next_at_model(model: str, last_user: str | None) -> Lost | None:
    """Find whose turn it is: of those of whom least runs there, the one who follows the last in the
    order of ids, round and round.
    """
    of_model = _job.c.model == model
    waiting = select(_job.c.user_id).where(of_model, _job.c.status == QUEUED).distinct()
    running = (
        select(_job.c.user_id, func.count())
        .where(of_model, _job.c.status == RUNNING)
        .group_by(_job.c.user_id)
    )
    users = db.connection().execute(waiting).scalars().all()
    counts = {row[0]: row[1] for row in db.connection().execute(running)}
    last = last_user or ""
    in_turn = sorted(
        users, key=lambda user: (counts.get(user, 0), (user or "") <= last, user or "")
    )
    limit = get_settings().job_max_running_per_user
    for user in in_turn:
        if not limit or user is None or _count(_RUNNING_OF_USER, user) < limit:
            return _oldest(of_model, _job.c.user_id.is_not_distinct_from(user))
    return None


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
            .returning(*COLUMNS)
        )
        return [Lost(*row) for row in rows]
