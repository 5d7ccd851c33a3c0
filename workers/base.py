"""What every job goes through: claim, work, save, end. The only place where a worker turns errors
into endings.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from celery.exceptions import Retry
from sqlalchemy.exc import DBAPIError

from shared import db, leases, places, queue, relay
from shared.broker import celery
from shared.errors import SwitchyardError, Unavailable
from shared.kinds import SPECS
from shared.kinds.base import JobSpec
from shared.leases import Claim
from shared.log import job_id as current_job
from shared.models.job import CANCELLED, COMPLETED, ENDED, FAILED, QUEUED
from shared.outage import Outage
from shared.places import Waiting
from shared.services import messages
from workers import line
from workers.live import Cancelled, HandedOver, Running, Superseded, live

log = logging.getLogger(__name__)

# What each message is handed to; a path, because only workers need what it imports.
_STRATEGY = "workers.pool:take_straight"
_WORN_OUT = "The job was given up after its worker was lost several times."
_BROKEN = "Something went wrong inside the server. The operators find the details in the log."


class Work(Protocol):
    """One kind of work. Made with the claimed job in hand (load), outside of any transaction."""

    def __init__(self, job: Running) -> None: ...

    def do(self) -> None:
        """Do the slow part and emit events; no transaction is open. May raise."""

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        """Write what was made, inside the transaction that ends the job.

        Args:
            status: COMPLETED, FAILED or CANCELLED; partial work is kept in all three cases.
            error: What went wrong, for FAILED.

        Returns:
            The job's result. It is also the data of its last event, without its `text`, which the
            events before have told already.
        """


W = TypeVar("W", bound=type[Work])
_WORKS: dict[str, type[Work]] = {}


def task(spec: JobSpec) -> Callable[[W], W]:
    """Make a class the worker's side of a kind of job."""

    def register(work: W) -> W:
        _WORKS[spec.name] = work
        celery().task(name=spec.name, throws=(JobFailed,), Strategy=_STRATEGY)(_run_for_celery)
        return work

    return register


class JobFailed(Exception):
    """Celery, and so Flower, is told of a failure by an exception; it must hold no user's words."""


def _run_for_celery(job_id: str) -> None:
    """Do one job so that Flower sees how it ended.

    Raises:
        JobFailed: It failed.
        Retry: It waits for its turn, or another worker goes on with it; somebody sends it again.
    """
    status = run(job_id)
    if status == FAILED:
        raise JobFailed("The job has failed. Why stands in its row.")
    if status == QUEUED:
        raise Retry("It waits for its turn, or another worker goes on with it.")


def periodic(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Make a function a task that beat sends; it is no job, and may be lost or doubled."""

    def register(function: Callable[[], None]) -> Callable[[], None]:
        celery().task(name=name, Strategy=_STRATEGY)(function)
        return function

    return register


def works() -> dict[str, type[Work]]:
    """Give all kinds of job that have a worker's side."""
    return dict(_WORKS)


def run(job_id: str) -> str | None:
    """Do one job, if it is still to be done. Safe to be called twice, or for a job that another
    has.

    Returns:
        How it ended; QUEUED when it is to be done later or elsewhere; None when it is somebody
        else's.
    """
    token = current_job.set(job_id)
    try:
        claim = leases.claim(job_id) if not live.is_stopping else None
        if live.is_stopping:
            live.postpone(job_id)
            return QUEUED
        if isinstance(claim, Waiting):
            relay.append(job_id, claim.attempt, "queued", {"position": claim.position})
            line.tell(claim)
            return QUEUED
        if claim is not None:
            return _attempt(claim)
    finally:
        current_job.reset(token)
    return None


def _attempt(claim: Claim) -> str | None:
    started = time.monotonic()
    running = Running(claim)
    with live.entered(running):
        status, error, work = _work(running)
        if status is not None and status in ENDED:
            status = _end(running, work, status, error)
    running.writer.close()
    if status is not None and status in ENDED:
        _tell(claim, status, error, time.monotonic() - started)
    if line.has_waiting(claim):
        _wake_next(claim)
    return status


def _wake_next(ended: Claim) -> None:
    waiting = places.next_in_line(ended.user_id, ended.model)
    if waiting is not None:
        queue.send_or_leave(waiting.id, waiting.kind, waiting.queue)


def _tell(claim: Claim, status: str, error: SwitchyardError | None, seconds: float) -> None:
    """Write the ending into the log. Of a failure only the kind: its words may be a user's."""
    how = f"{status} ({error.reason})" if error is not None else status
    is_routine = status == COMPLETED and not SPECS[claim.kind].is_visible
    level = logging.DEBUG if is_routine else logging.INFO
    log.log(level, "%s %s in %.2f s, attempt %d", claim.kind, how, seconds, claim.attempt)


def _work(running: Running) -> tuple[str | None, SwitchyardError | None, Work | None]:
    """Do the work; give how it ended, QUEUED when it was given back, or None when somebody else has
    it.
    """
    work: Work | None = None
    try:
        _open(running)
        work = _WORKS[running.claim.kind](running)
        work.do()
        running.check()
    except Superseded:
        log.warning("another worker has taken this job over")
        return None, None, None
    except HandedOver:
        _give_back(running.claim)
        return QUEUED, None, None
    except Cancelled:
        return CANCELLED, None, work
    except SwitchyardError as error:
        return FAILED, error, work
    except Exception:  # border: whatever a job does wrong ends that job and no other
        log.exception("a job failed")
        return FAILED, SwitchyardError(_BROKEN), work
    return COMPLETED, None, work


def _open(running: Running) -> None:
    """Begin the attempt in the log; stop at once when it should not be made at all."""
    claim = running.claim
    if claim.attempt == 1:
        running.writer.emit("started", {})
    else:
        reason = "handed over" if claim.handed_over else "worker lost"
        running.writer.emit("restarted", {"attempt": claim.attempt, "reason": reason})
    if claim.is_cancelled:
        raise Cancelled
    if claim.is_worn_out:
        raise SwitchyardError(_WORN_OUT)


def _give_back(claim: Claim) -> None:
    if leases.give_back(claim):
        queue.send_or_leave(claim.id, claim.kind, claim.queue)


def _release_message(claim: Claim, error: str | None) -> None:
    """Let go of the message that a job was to write which never got so far."""
    if claim.chat_id and claim.message_id:
        fields = {"error": {"content": error}} if error is not None else {}
        messages.finish_answer(claim.chat_id, claim.message_id, claim.id, "", fields)


def _why(error: SwitchyardError) -> dict[str, Any]:
    """Give what a failed job's result, and so its last event, tells to programs."""
    patience = {} if error.retry_after_s is None else {"retry_after_s": error.retry_after_s}
    return {"reason": str(error.reason), **patience}


def _end(
    running: Running, work: Work | None, status: str, error: SwitchyardError | None
) -> str | None:
    """Write the end: one transaction, then the last event. Repeated while the database is away; a
    job whose work cannot be stored fails.
    """
    try:
        return _save_and_tell(running, work, status, error)
    except Exception:  # border: what cannot be stored ends that job and no other
        if work is None:
            raise
        log.exception("what a job has made cannot be stored")
        return _save_and_tell(running, None, FAILED, SwitchyardError(_BROKEN))


def _save_and_tell(
    running: Running, work: Work | None, status: str, error: SwitchyardError | None
) -> str | None:
    words = None if error is None else error.message
    result: dict[str, Any] = {} if error is None else _why(error)

    def save() -> dict[str, Any]:
        if work is not None:
            result.update(work.save(status, words))
        else:
            _release_message(running.claim, words)
        return result

    outage = Outage(log, "saving the end of the job")
    while True:
        try:
            if not leases.finish(running.claim, status, words, save):
                log.warning("another worker has ended this job")
                return None
            outage.is_over()
            break
        except (Unavailable, DBAPIError) as problem:
            if isinstance(problem, DBAPIError) and not db.is_passing(problem):
                raise
            outage.goes_on(problem)
            time.sleep(0.5)
    told = {name: value for name, value in result.items() if name != "text"}
    running.writer.emit(status, {**({} if words is None else {"error": words}), **told})
    return status
