"""Quotas: who may use how much, checked when a job is accepted and settled at its end."""

import logging
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import select

from shared import db
from shared.errors import Busy, Invalid, NotFound
from shared.ids import new_id, now_s
from shared.models.group import Group
from shared.models.job import QUEUED, RUNNING, Job
from shared.models.quota import Quota
from shared.services import accounts, meters, usage
from shared.services.meters import Left, Meter
from shared.services.usage import Tokens
from shared.versioned import Versioned

log = logging.getLogger(__name__)

USER, GROUP, API_KEY, MODEL = "user", "group", "api_key", "model"
REQUESTS, TOKENS, RUNNING_JOBS = "requests", "tokens", "running"
EACH = "*"
# A job whose row was not yet there when it was looked for is taken to be under way for so long.
_LEEWAY_S = 30
_RUNNING_PATIENCE_S = 5.0

# Whether the request that is being served came with an API key; the border that knows it sets it.
is_by_key: ContextVar[bool] = ContextVar("is_by_key", default=False)
# What is left of the quotas that the request was checked against.
left: ContextVar[tuple[Left, ...]] = ContextVar("left", default=())


class Exhausted(Busy):
    """A quota is used up."""


@dataclass(frozen=True)
class Limit:
    """A row of quotas, as it is remembered."""

    id: str
    scope: str
    subject: str
    measure: str
    amount: int
    window_s: int | None
    is_each: bool


@dataclass(frozen=True)
class Asker:
    """For whom something is to be done.

    Attributes:
        is_by_key: Whether an API key was used.
    """

    user_id: str
    model: str | None
    is_by_key: bool = False


def _limit(row: Quota) -> Limit:
    return Limit(row.id, row.scope, row.subject, row.measure, row.amount, row.window_s, row.is_each)


_limits = Versioned("quotas", lambda: [_limit(row) for row in db.session().scalars(select(Quota))])


def forget() -> None:
    """Make the next reader look for changes."""
    _limits.forget()


def _matching(asker: Asker) -> list[tuple[Limit, str]]:
    """Choose the limits that count for somebody, each with whose use of it is counted."""
    rows = _limits.rows()
    if not rows:
        return []
    groups = _groups_of(asker.user_id) if any(row.scope == GROUP for row in rows) else ()
    subjects: dict[str, tuple[str, ...]] = {
        USER: (asker.user_id,),
        GROUP: groups,
        API_KEY: (asker.user_id,) if asker.is_by_key else (),
        MODEL: (asker.model,) if asker.model else (),
    }
    own = {
        (row.scope, row.measure, subject)
        for row in rows
        for subject in subjects[row.scope]
        if row.subject == subject
    }
    found = []
    for row in rows:
        for subject in subjects[row.scope]:
            # What is set for somebody counts in the place of what is set for each.
            is_general = row.subject == EACH and (row.scope, row.measure, subject) not in own
            if row.subject == subject or is_general:
                is_each = row.is_each and row.scope in (GROUP, MODEL)
                found.append((row, f"{subject}:{asker.user_id}" if is_each else subject))
    return found


def _groups_of(user_id: str) -> tuple[str, ...]:
    with db.reading():
        user = accounts.principal_of(user_id)
    return () if user is None else user.group_ids


def _meter(limit: Limit, whose: str) -> Meter:
    if limit.window_s is None:
        return meters.running(limit.id, whose, limit.measure, limit.amount)
    return meters.windowed(limit.id, whose, limit.measure, limit.amount, limit.window_s)


def admit(
    asker: Asker, job_id: str, body: dict[str, Any], is_job: bool = True
) -> dict[str, Any] | None:
    """Check whether somebody may have one more request, and count it.

    Args:
        body: What the provider is to be asked; by its length and the most that it asks for, tokens
            are reserved.
        is_job: Whether it counts as one more job; a line of a batch does not.

    Returns:
        What the job holds until its end, for `settle`; None when no quota counts.

    Raises:
        Exhausted: A quota is used up; says when to come back.
    """
    matching = [(limit, whose) for limit, whose in _matching(asker) if is_job or limit.window_s]
    found = [_meter(limit, whose) for limit, whose in matching]
    if not found:
        return None
    tokens = max(1, usage.estimated_prompt(body) + _most_asked_for(body))
    wanted = [
        Meter(m.name, m.measure, m.limit, tokens, m.reset_s) if m.measure == TOKENS else m
        for m in found
    ]
    taken = _take(wanted, job_id)
    left.set(tuple(taken))
    if not taken[0].is_enough:
        raise _exhausted(taken[0])
    return {
        "tokens": [[m.name, m.wanted] for m in wanted if m.measure == TOKENS],
        "running": [m.name for m in wanted if m.reset_s is None],
    }


def _most_asked_for(body: dict[str, Any]) -> int:
    for name in ("max_completion_tokens", "max_tokens", "max_output_tokens"):
        if isinstance(body.get(name), int):
            return max(0, int(body[name]))
    return 0


def _take(wanted: list[Meter], job_id: str) -> list[Left]:
    taken = meters.take(wanted, job_id)
    first = taken[0]
    if not first.is_enough and first.meter.reset_s is None and _forget_ended(first.meter):
        taken = meters.take(wanted, job_id)
    return taken


def _forget_ended(meter: Meter) -> bool:
    """Look which of the jobs that are taken to run do so; whether any did not."""
    counted = meters.jobs_in(meter, time.time() - _LEEWAY_S)
    query = select(Job.id).where(Job.id.in_(counted), Job.status.in_((QUEUED, RUNNING)))
    with db.reading() as session:
        still_open = set(session.scalars(query))
    ended = [job_id for job_id in counted if job_id not in still_open]
    meters.forget_jobs(meter.name, ended)
    return bool(ended)


def _exhausted(found: Left) -> Exhausted:
    meter = found.meter
    if meter.reset_s is None:
        words = f"Jobs at a time: {meter.limit} allowed, and as many have not ended yet."
        return Exhausted(words, _RUNNING_PATIENCE_S)
    what = "tokens" if meter.measure == TOKENS else "requests"
    words = f"The quota of {meter.limit} {what} does not allow this request; {found.amount} left."
    return Exhausted(words, max(1.0, meter.reset_s))


def settle(
    asker: Asker | None, held: dict[str, Any] | None, job_id: str, tokens: Tokens | None
) -> None:
    """Count what a job has cost in the place of what was reserved, and end its running.

    Args:
        asker: Who pays for a job that holds nothing, such as one that another job ordered.
        tokens: None when it never began.
    """
    spent = 0 if tokens is None else tokens.total
    try:
        if held is not None:
            for name, reserved in held["tokens"]:
                meters.correct(name, spent - reserved)
            for name in held["running"]:
                meters.forget_jobs(name, [job_id])
        elif asker is not None and spent:
            charge(asker, spent)
    except RedisError as error:
        log.warning("the quotas of job %s are not settled: %s", job_id, error)


def charge(asker: Asker, tokens: int) -> None:
    """Count tokens that nobody has reserved."""
    for limit, whose in _matching(asker):
        if limit.measure == TOKENS:
            meters.add(_meter(limit, whose), tokens)


# What admins do


def listed() -> list[Quota]:
    """List all quotas, oldest first."""
    return list(db.session().scalars(select(Quota).order_by(Quota.id)))


def find(quota_id: str) -> Quota:
    """Give a quota.

    Raises:
        NotFound: There is none.
    """
    row = db.session().get(Quota, quota_id)
    if row is None:
        raise NotFound
    return row


def save(values: dict[str, Any], quota_id: str | None = None) -> Quota:
    """Set a quota, or another one in the place of what was set.

    Args:
        values: scope, subject, measure, amount, window_s, is_each; already of the right form.

    Raises:
        NotFound: There is no such quota.
        Invalid: There is no such user or group.
    """
    is_of_one_user = values["scope"] in (USER, API_KEY) and values["subject"] != EACH
    if is_of_one_user and accounts.by_id(values["subject"]) is None:
        raise Invalid(f"There is no user '{values['subject'][:80]}'.")
    is_of_one_group = values["scope"] == GROUP and values["subject"] != EACH
    if is_of_one_group and db.session().get(Group, values["subject"]) is None:
        raise Invalid(f"There is no group '{values['subject'][:80]}'.")
    now = now_s()
    row = Quota(id=new_id(), created_at=now) if quota_id is None else find(quota_id)
    for name, value in {**values, "updated_at": now}.items():
        setattr(row, name, value)
    db.session().add(row)
    db.session().flush()
    _limits.changed()
    return row


def remove(quota_id: str) -> None:
    """Take a quota away.

    Raises:
        NotFound: There is none.
    """
    db.session().delete(find(quota_id))
    _limits.changed()
