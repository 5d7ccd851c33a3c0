"""What every job goes through: claim, work, save, end. The only place where a worker turns errors
into endings.
"""

import logging
import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from celery.exceptions import Retry
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from shared import db, leases, places, queue, relay, rotation, stacks
from shared.broker import celery
from shared.errors import NotFound, SwitchyardError, Unavailable
from shared.kinds import SPECS
from shared.kinds.base import JobSpec
from shared.kinds.catalogue import REFRESH_MODELS, RefreshModels
from shared.leases import Claim
from shared.log import job_id as current_job
from shared.log import request_id
from shared.models.job import CANCELLED, COMPLETED, FAILED, QUEUED
from shared.outage import Outage
from shared.places import Waiting
from shared.rotation import Turn
from workers import asking, counts, ending, line, spans
from workers.ending import Broken, Outcome, Work
from workers.live import Cancelled, HandedOver, Running, Superseded, live

log = logging.getLogger(__name__)

# What each message is handed to; a path, because only workers need what it imports.
_STRATEGY = "workers.pool:take_straight"
_WORN_OUT = "The job was given up after its worker was lost several times."
# So many jobs are saved at once. A thousand that end together would wait for the database one by
# one all the same, each in the depths of its library, with 16 KB of stack touched.
_endings = threading.BoundedSemaphore(16)
_PAUSE_S = 0.5
# All that beat sends is done there.
_UPKEEP = "workers.upkeep.tasks"

W = TypeVar("W", bound=type[Work])
Tell = Callable[[Turn], None]
Round = Callable[[], None]
# What `workers/<noun>/tasks.py` has named, by its name on the wire.
_WORKS: dict[str, type[Work]] = {}
_ROUNDS: dict[str, Round] = {}


def _tell_nobody(_turn: Turn) -> None:
    """Keep to oneself which job is done."""


def task(spec: JobSpec) -> Callable[[W], W]:
    """Make a class the worker's side of a kind of job."""

    def register(work: W) -> W:
        _WORKS[spec.name] = work
        return work

    return register


def periodic(name: str) -> Callable[[Round], Round]:
    """Make a function what is done when beat says so; it is no job, and may be lost or doubled."""

    def register(function: Round) -> Round:
        _ROUNDS[name] = function
        return function

    return register


def load(name: str) -> None:
    """Load the part of the workers in which a kind of job is done.

    Nobody does it before it is needed: a process that answers a thousand chats need not hold what
    reads PDFs.
    """
    import_module(f"workers.{name.partition('.')[0]}.tasks")


def works() -> dict[str, type[Work]]:
    """Load all kinds of job that have a worker's side."""
    return {kind: _work_for(kind) for kind in SPECS}


def _work_for(kind: str) -> type[Work]:
    if kind not in _WORKS:
        load(kind)
    return _WORKS[kind]


def _made(running: Running) -> Work:
    return _work_for(running.claim.kind)(running)


def tell_celery() -> None:
    """Name everything to Celery that a message may ask for."""
    app = celery()
    for spec in SPECS.values():
        options = {"throws": (JobFailed,), "Strategy": _STRATEGY, "is_job": True}
        app.task(name=spec.name, bind=True, **options)(_for_celery(spec))
    for name in {entry["task"] for entry in app.conf.beat_schedule.values()}:
        app.task(name=name, Strategy=_STRATEGY, is_job=False)(_for_beat(name))


class JobFailed(Exception):
    """Celery, and so Flower, is told of a failure by an exception; it must hold no user's words."""


def _for_celery(spec: JobSpec) -> Callable[..., None]:
    """Make the function that Celery calls with a message of a kind of job."""

    def run_for_celery(
        task: Any, job_id: str, tell: Tell = _tell_nobody, is_in_line: bool | None = None
    ) -> None:
        """Do the job whose turn it is so that Flower sees how it ended.

        Args:
            task: Celery's task; of a prefork worker it holds the message's headers.
            tell: As of `run_next`.
            is_in_line: Whether the message's job stands in line; None for as the headers say.

        Raises:
            JobFailed: It failed.
            Retry: It waits for its turn, or another worker goes on with it; somebody sends it
                again.
        """
        if is_in_line is None:
            is_in_line = task.request.get("in_line", True)
        status = run_next(spec.queue, job_id, tell) if is_in_line else run(job_id)
        if status == FAILED:
            raise JobFailed("The job has failed. Why stands in its row.")
        if status == QUEUED:
            raise Retry("It waits for its turn, or another worker goes on with it.")

    return run_for_celery


def _for_beat(name: str) -> Round:
    """Make the function that Celery calls when beat says so."""

    def run_for_beat() -> None:
        if name not in _ROUNDS:
            import_module(_UPKEEP)
        _ROUNDS[name]()

    return run_for_beat


def run_next(queue_name: str, woken_for: str, tell: Tell = _tell_nobody) -> str | None:
    """Do the job of a queue whose turn it is.

    Args:
        woken_for: The job for which the message was sent. It is done when the line is empty or
            cannot be read.
        tell: Called with each job that is tried.

    Returns:
        As `run`.
    """
    if live.is_stopping:
        live.postpone(woken_for)
        return QUEUED
    try:
        while (turn := rotation.take(queue_name)) is not None:
            if turn.kind not in SPECS:
                # In the middle of an update. The sweeper sends it again.
                log.warning("job %s is for a newer worker: %s", turn.job_id, turn.kind)
                continue
            tell(turn)
            status = run(turn.job_id)
            if status is not None:
                return status
    except RedisError as error:
        log.warning("nobody can tell whose turn it is: %s", error)
    return run(woken_for)


def run(job_id: str) -> str | None:
    """Do one job, if it is still to be done. Safe to be called twice, or for a job that another
    has.

    Returns:
        How it ended; QUEUED when it is to be done later or elsewhere; None when it is somebody
        else's.
    """
    token = current_job.set(job_id)
    try:
        if live.is_stopping:
            live.postpone(job_id)
            return QUEUED
        if live.keeps(job_id):
            return None
        claim = stacks.on_its_own(leases.claim, job_id)
        if isinstance(claim, Waiting):
            relay.append(job_id, claim.attempt, "queued", {"position": claim.position})
            line.tell(claim)
            return QUEUED
        if claim is None:
            return None
        if not SPECS[claim.kind].knows(claim.request):
            # In the middle of an update as well: half of what is asked for would be left out.
            log.warning("job %s is for a newer worker, for what it asks for", job_id)
            leases.put_back(claim)
            return QUEUED
        return _attempt_for_its_request(claim)
    finally:
        current_job.reset(token)


def _attempt_for_its_request(claim: Claim) -> str | None:
    """Make the attempt, so that its lines in the log, and jobs that it orders, name the request."""
    token = request_id.set(claim.request_id or "")
    try:
        return _attempt(claim)
    finally:
        request_id.reset(token)


def _attempt(claim: Claim) -> str | None:
    started = time.monotonic()
    counts.attempt_begins(claim)
    running = Running(claim)
    with live.entered(running), spans.of_attempt(claim) as span:
        spans.begin(span, claim)
        status, outcome = _work(running)
        if outcome is not None:
            with _endings:
                outcome = ending.write(running, outcome)
            status = None if outcome is None else outcome.status
        spans.tell(span, status, outcome)
        if outcome is not None:
            seconds = time.monotonic() - started
            counts.job_ends(claim, outcome, seconds)
            _tell(claim, outcome, seconds)
    running.writer.close()
    if line.has_waiting(claim):
        _wake_next(claim)
    return status


def _wake_next(ended: Claim) -> None:
    for job in places.next_in_line(ended.user_id, ended.model):
        queue.send_or_leave(job.id, job.kind, job.queue, job.user_id)


def _tell(claim: Claim, outcome: Outcome, seconds: float) -> None:
    """Write the ending into the log. Of a failure only the kind: its words may be a user's."""
    status, error = outcome.status, outcome.error
    how = f"{status} ({error.reason})" if error is not None else status
    is_routine = status == COMPLETED and not SPECS[claim.kind].is_visible
    level = logging.DEBUG if is_routine else logging.INFO
    log.log(level, "%s %s in %.2f s, attempt %d", claim.kind, how, seconds, claim.attempt)


def _work(running: Running) -> tuple[str | None, Outcome | None]:
    """Do the work.

    Returns:
        How the job stands: QUEUED when it was given back, None when somebody else has it; and how
        it ended, when that is ours to write.
    """
    work: Work | None = None
    try:
        _open(running)
        work = _load(running)
        work.do()
        running.check()
    except Superseded:
        log.warning("another worker has taken this job over")
        return None, None
    except HandedOver:
        _give_back(running.claim)
        return QUEUED, None
    except Cancelled:
        outcome = Outcome(CANCELLED, work=work)
    except SwitchyardError as error:
        outcome = Outcome(FAILED, error, work)
    except Exception:  # border: whatever a job does wrong ends that job and no other
        log.exception("a job failed")
        outcome = Outcome(FAILED, Broken(), work)
    else:
        outcome = Outcome(COMPLETED, work=work)
    return outcome.status, outcome


def _open(running: Running) -> None:
    """Begin the attempt in the log, unless it should not be made at all."""
    claim = running.claim
    if claim.is_cancelled:
        raise Cancelled
    if claim.is_worn_out:
        raise SwitchyardError(_WORN_OUT)
    if claim.attempt == 1:
        running.writer.emit_with_next("started", {})
    else:
        reason = "handed over" if claim.follows_handover else "worker lost"
        running.writer.emit("restarted", {"attempt": claim.attempt, "reason": reason})


def _load(running: Running) -> Work:
    """Make the work, which reads what it needs; again and again while the database is away."""
    outage = Outage(log, "reading the job")
    has_asked = False
    while True:
        try:
            work = stacks.on_its_own(_made, running)
            outage.is_over()
            return work
        except NotFound:
            if has_asked or not _has_let_models_be_listed(running):
                raise
            has_asked = True
        except (Unavailable, DBAPIError) as problem:
            if isinstance(problem, DBAPIError) and not db.is_passing(problem):
                raise
            outage.goes_on(problem)
            running.pause(_PAUSE_S)


def _has_let_models_be_listed(running: Running) -> bool:
    """Have the connections asked when nobody knows a model: after a restore, or with a Redis that
    has come back empty.
    """
    from shared.services import models  # noqa: PLC0415 -- CPU work has no model, and does without

    if running.claim.model is None or not models.is_outdated():
        return False
    asking.ask(running, [(REFRESH_MODELS, RefreshModels())])
    models.forget_catalogue()
    return True


def _give_back(claim: Claim) -> None:
    if leases.give_back(claim):
        queue.send_or_leave(claim.id, claim.kind, claim.queue, claim.user_id)
