"""How many jobs of a user or a model may run at once, and who is next when one ends."""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, or_, select

from shared import db
from shared.config.settings import get_settings
from shared.models.job import QUEUED, RUNNING, Job
from shared.sweep import Lost

_job = cast(Table, Job.__table__)


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
