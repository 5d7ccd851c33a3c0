"""The end of a job: one transaction that stores what was made, then the last event."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from shared import db, leases
from shared.errors import SwitchyardError, Unavailable
from shared.kinds import SPECS
from shared.leases import Claim
from shared.metrics.catalogue import TOKENS
from shared.models.job import COMPLETED, FAILED
from shared.outage import Outage
from shared.services import live_answers, messages, quotas, usage, webhooks
from shared.services.answers import Answer
from shared.services.quotas import Asker
from shared.services.usage import Tokens
from workers.live import Running

log = logging.getLogger(__name__)

_PAUSE_S = 0.5
Save = Callable[[str, str | None], dict[str, Any]]


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


class Broken(SwitchyardError):
    """Something went wrong inside the server. The operators find the details in the log."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        status: COMPLETED, FAILED or CANCELLED.
        error: What went wrong, for FAILED.
        work: What it made, whole or in part; None when it never got so far.
    """

    status: str
    error: SwitchyardError | None = None
    work: Work | None = None


def write(running: Running, outcome: Outcome) -> Outcome | None:
    """Write the end of a job, for as long as it takes the database to come back.

    What cannot be saved makes the job a failed one; it is not done again for it.

    Returns:
        How it ended after all; None when it was not ours to end.
    """
    status, error = outcome.status, outcome.error
    for save in _ways_to_save(running.claim, outcome.work):
        try:
            is_ours = _write(running, status, error, save)
            return Outcome(status, error, outcome.work) if is_ours else None
        except SwitchyardError as problem:
            status, error = FAILED, problem
        except Exception:  # border: whatever is wrong with what a job made ends that job only
            log.exception("what a job has made cannot be stored")
            status, error = FAILED, Broken()
    return None


def _ways_to_save(claim: Claim, work: Work | None) -> Iterator[Save]:
    """Give what can be saved: the work, else what readers have seen of it, else nothing."""
    if work is not None:
        yield work.save
    has_spoken = work is not None or claim.attempt > 1
    said = _said(claim) if has_spoken else Answer()
    yield lambda _status, error: _save_what_was_said(claim, said, error)
    yield lambda _status, _error: {}


def _said(claim: Claim) -> Answer:
    """Read what was put into the log, which readers have seen."""
    try:
        return live_answers.so_far(claim.id)
    except RedisError:
        return Answer()


def _save_what_was_said(claim: Claim, said: Answer, error: str | None) -> dict[str, Any]:
    """Let go of the message that a job was to write, with what it has already."""
    if claim.chat_id and claim.message_id:
        fields = {"error": {"content": error}} if error is not None else {}
        content = said.content()
        messages.finish_answer(claim.chat_id, claim.message_id, claim.id, content, fields)
    return {"text": said.text} if said.text else {}


def _write(running: Running, status: str, error: SwitchyardError | None, save: Save) -> bool:
    """Write the end; whether it was ours to write."""
    words = None if error is None else error.message
    result: dict[str, Any] = {}

    def save_all() -> dict[str, Any]:
        result.update(_why(error), **save(status, words))
        _account(running, result)
        _tell_listeners(running.claim, status, result)
        return result

    outage = Outage(log, "saving the end of the job")
    while True:
        try:
            rest = _rest_of_request(running.claim) if status == COMPLETED else None
            if not leases.finish(running.claim, status, words, save_all, rest):
                log.warning("another worker has ended this job")
                return False
            outage.is_over()
            break
        except (Unavailable, DBAPIError) as problem:
            if isinstance(problem, DBAPIError) and not db.is_passing(problem):
                raise
            outage.goes_on(problem)
            time.sleep(_PAUSE_S)
    told = {name: value for name, value in result.items() if name != "text"}
    running.writer.emit(status, {**({} if words is None else {"error": words}), **told})
    return True


def _rest_of_request(claim: Claim) -> dict[str, Any] | None:
    """Give what a job's row is to keep of its request: others may be done again, but one that has
    completed needs no prompt any more, unless a response goes on from it. None for all.
    """
    texts, request = SPECS[claim.kind].texts, claim.request
    if not texts or (request.get("about") or {}).get("store"):
        return None
    return {name: value for name, value in request.items() if name not in texts}


def _account(running: Running, result: dict[str, Any]) -> None:
    """Count what a user's job has cost; joins the transaction that ends it."""
    claim = running.claim
    if claim.user_id is None or claim.model is None:
        return
    model, tokens = running.cost or (claim.model, _told(running, result))
    usage.add(claim.user_id, model, tokens)
    asker = Asker(claim.user_id, model)

    def settle() -> None:
        TOKENS.count(model, "prompt", amount=tokens.prompt)
        TOKENS.count(model, "completion", amount=tokens.completion)
        quotas.settle(asker, claim.held, claim.id, tokens)

    db.after_commit(settle)


def _told(running: Running, result: dict[str, Any]) -> Tokens:
    body = running.claim.request.get("body") or {}
    told = usage.tokens_of(body, result, running.asked_tokens)
    return told - running.inside + running.beside


def _tell_listeners(claim: Claim, status: str, result: dict[str, Any]) -> None:
    """Let the owner's webhooks hear of the end; joins the transaction that ends the job."""
    if claim.user_id is None or not SPECS[claim.kind].is_visible:
        return
    about = {"job": claim.id, "kind": claim.kind, "status": status, "model": claim.model}
    told = {name: result.get(name) for name in ("reason", "usage", "batch") if result.get(name)}
    webhooks.job_ended(claim.user_id, status, {**about, **told})


def _why(error: SwitchyardError | None) -> dict[str, Any]:
    """Give what a failed job's result, and so its last event, tells to programs."""
    if error is None:
        return {}
    more = {"retry_after_s": error.retry_after_s, "upstream_status": error.upstream_status}
    return {"reason": str(error.reason), **{n: v for n, v in more.items() if v is not None}}
