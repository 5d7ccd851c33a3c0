"""Who may work on a job: claim, renew, finish, give back.

Source: the lease and its fencing number follow Kleppmann, "How to do distributed locking" (2016).
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, func, or_, select, update

from shared import db, places
from shared.config.settings import get_settings
from shared.ids import now_s
from shared.models.job import CANCELLED, ENDED, QUEUED, RUNNING, Job
from shared.places import Waiting
from shared.prepared import Prepared

_job = cast(Table, Job.__table__)


@dataclass(frozen=True)
class Claim:
    """A job that this process may work on, as it stood when it was claimed."""

    id: str
    kind: str
    queue: str
    user_id: str | None
    chat_id: str | None
    message_id: str | None
    parent_id: str | None
    attempt: int
    handed_over: int
    request: dict[str, Any]
    is_cancelled: bool
    held: dict[str, Any] | None = None
    trace: str | None = None
    request_id: str | None = None
    given_back: int | None = None

    @property
    def model(self) -> str | None:
        """The model that it asks, if any."""
        return self.request.get("model")

    @property
    def follows_handover(self) -> bool:
        """Whether the attempt before was handed over on purpose, and its worker not lost."""
        if self.given_back is None:
            return (
                self.handed_over > 0
            )  # by a process of the version before, which does not note it
        return self.given_back == self.attempt - 1

    @property
    def is_worn_out(self) -> bool:
        """Whether too many workers were lost over this job."""
        return self.attempt - self.handed_over > get_settings().job_max_attempts


_others = _job.alias("others")


def _running_beside(column: str) -> Any:
    """Count the running jobs that share a column's value with the job that is being claimed."""
    same = _others.c[column] == _job.c[column]
    return select(func.count()).where(_others.c.status == RUNNING, same).scalar_subquery()


def _claim_statement(is_limited_by: tuple[str, ...]) -> Any:
    statement = (
        update(_job)
        .where(_job.c.id == bindparam("job"))
        .where(
            or_(
                _job.c.status == QUEUED,
                and_(_job.c.status == RUNNING, _job.c.lease_until < bindparam("now")),
            )
        )
        .values(
            status=RUNNING,
            attempt=_job.c.attempt + 1,
            lease_until=bindparam("until"),
            started_at=func.coalesce(_job.c.started_at, bindparam("second")),
        )
        .returning(*[_job.c[name] for name in _CLAIMED])
    )
    for column in is_limited_by:
        has_place = _running_beside(column) < bindparam(f"most_of_{column}")
        statement = statement.where(or_(_job.c[column].is_(None), has_place))
    return statement


_CLAIMED = (
    "id",
    "kind",
    "queue",
    "user_id",
    "chat_id",
    "message_id",
    "parent_id",
    "attempt",
    "handed_over",
    "request",
    "cancel_requested",
    "held",
    "trace",
    "request_id",
    "given_back",
)
_CLAIMS: dict[tuple[str, ...], Prepared] = {
    limited: Prepared(_claim_statement(limited))
    for limited in ((), ("user_id",), ("model",), ("user_id", "model"))
}
# A job whose lease has lapsed goes back into the queue; until somebody claims it, which raises its
# attempt, a worker that was only late still has it.
_IS_OURS = and_(
    _job.c.id == bindparam("job"),
    _job.c.attempt == bindparam("of_attempt"),
    or_(_job.c.status == RUNNING, _job.c.status == QUEUED),
)
_END = (
    update(_job)
    .where(_IS_OURS)
    .values(
        status=bindparam("ending"),
        error=bindparam("problem"),
        result=bindparam("outcome"),
        usage=bindparam("spent"),
        lease_until=None,
        finished_at=bindparam("second"),
    )
)
_FINISH = Prepared(_END)
_FINISH_AND_FORGET = Prepared(_END.values(request=bindparam("rest")))
_RENEW = (
    update(_job)
    .where(
        _job.c.id.in_(bindparam("jobs", expanding=True)),
        _job.c.attempt == bindparam("of_attempt"),
        _job.c.status.in_((RUNNING, QUEUED)),
    )
    .values(status=RUNNING, lease_until=bindparam("until"))
    .returning(_job.c.id, _job.c.cancel_requested)
)
_RENEWED_AT_ONCE = 500


def claim(job_id: str) -> Claim | Waiting | None:
    """Take a job for this process: `queued` (or `running` with a lapsed lease) becomes `running`.

    Returns:
        The claim; or where it waits in line; or None when it is another's, has ended or is unknown.
    """
    settings = get_settings()
    most = {
        "user_id": settings.job_max_running_per_user,
        "model": settings.job_max_running_per_model,
    }
    limited = tuple(column for column, limit in most.items() if limit)
    values = {"job": job_id, **{f"most_of_{column}": most[column] for column in limited}}
    with db.statements(write=True) as connection:
        # Read here: it may have taken a while to get so far.
        now = time.time()
        values |= {"now": now, "until": now + settings.job_lease_s, "second": int(now)}
        found = _CLAIMS[limited].run(connection, values)
        if found.rows:
            return Claim(*found.rows[0])
        waiting = places.in_line(job_id)
        if waiting is not None:
            places.let_wait(job_id, now)
        return waiting


def renew(claims: Collection[Claim]) -> dict[str, bool]:
    """Keep the leases of all jobs of this process, in one transaction.

    Returns:
        Those jobs that are still ours, each with whether somebody wants it cancelled. Any other has
        ended, or a newer attempt works on it: its lease is not ours to keep.
    """
    ours: dict[str, bool] = {}
    # Before all other writers: a thousand jobs may want to end just now.
    with db.statements(write=True, is_urgent=True) as connection:
        values: dict[str, Any] = {"until": time.time() + get_settings().job_lease_s}
        for attempt in {claim.attempt for claim in claims}:
            ids = [claim.id for claim in claims if claim.attempt == attempt]
            for start in range(0, len(ids), _RENEWED_AT_ONCE):
                values |= {"of_attempt": attempt, "jobs": ids[start : start + _RENEWED_AT_ONCE]}
                ours.update((row[0], row[1]) for row in connection.execute(_RENEW, values))
    return ours


class _NotOurs(Exception):
    """Rolls back what was saved for a job that another attempt has."""


def finish(
    claim: Claim,
    status: str,
    error: str | None,
    save: Callable[[], dict[str, Any]],
    rest: dict[str, Any] | None = None,
) -> bool:
    """End a job in one transaction: status, result, and whatever `save` writes.

    Args:
        save: Called inside the transaction; gives the job's result, whose key `usage` also fills
            the row's own column.
        rest: What its row keeps of the request; None for all.

    Returns:
        False when the job is no longer this attempt's; then nothing was written.
    """
    try:
        with db.statements(write=True) as connection:
            result = save()
            values = {
                "job": claim.id,
                "of_attempt": claim.attempt,
                "ending": status,
                "problem": error,
                "outcome": result,
                "spent": result.get("usage"),
                "second": now_s(),
                "rest": rest,
            }
            statement = _FINISH if rest is None else _FINISH_AND_FORGET
            if statement.run(connection, values).count != 1:
                raise _NotOurs
    except _NotOurs:
        return False
    return True


def give_back(claim: Claim) -> bool:
    """Hand a running job over to whoever is next, without counting the attempt; whether it was
    ours.
    """
    handed_over = {"handed_over": _job.c.handed_over + 1, "given_back": _job.c.attempt}
    return _let_go(claim, handed_over)


def put_back(claim: Claim) -> bool:
    """Leave a job of which nothing was done as if nobody had claimed it; whether it was ours. The
    sweeper sends it again.
    """
    before: dict[str, Any] = {"attempt": _job.c.attempt - 1}
    if claim.attempt == 1:
        before["started_at"] = None
    return _let_go(claim, before)


def _let_go(claim: Claim, values: dict[str, Any]) -> bool:
    queued = {"status": QUEUED, "lease_until": None, "sent_at": time.time()}
    with db.statements(write=True) as connection:
        ours = connection.execute(
            update(_job)
            .where(_job.c.id == claim.id, _job.c.attempt == claim.attempt, _job.c.status == RUNNING)
            .values(**queued, **values)
        )
    return ours.rowcount == 1


def forgive(claim: Claim) -> bool:
    """Let the workers that were lost so far not count against a job that has come further; whether
    it is ours.
    """
    with db.statements(write=True) as connection:
        ours = connection.execute(
            update(_job)
            .where(_job.c.id == claim.id, _job.c.attempt == claim.attempt, _job.c.status == RUNNING)
            .values(
                handed_over=_job.c.attempt,
                given_back=func.coalesce(_job.c.given_back, 0),
            )
        )
    return ours.rowcount == 1


def cancel(job_id: str) -> str:
    """Ask for a job's end.

    Returns:
        Its status before: `queued` jobs are `cancelled` at once, `running` ones are flagged, ended
        ones stay.
    """
    with db.statements(write=True) as connection:
        # Locked, so that nobody claims or ends the job between the look and the flag.
        look = select(_job.c.status).where(_job.c.id == job_id).with_for_update()
        status = connection.execute(look).scalar_one()
        if status in ENDED:
            return str(status)
        values: dict[str, Any] = {"cancel_requested": True}
        if status == QUEUED:
            values |= {"status": CANCELLED, "finished_at": now_s()}
        connection.execute(
            update(_job).where(_job.c.id == job_id, _job.c.status == status).values(**values)
        )
    return str(status)
