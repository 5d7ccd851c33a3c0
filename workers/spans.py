"""The span of an attempt at a job, a part of the trace of whoever asked for it."""

from contextlib import AbstractContextManager

from shared import tracing
from shared.ids import made_at
from shared.leases import Claim
from workers.ending import Outcome


def of_attempt(claim: Claim) -> AbstractContextManager[tracing.Span | None]:
    """Trace an attempt; a job of which no trace is known begins one."""
    return tracing.span(f"job {claim.kind}", tracing.CONSUMER, claim.trace or "none")


def begin(span: tracing.Span | None, claim: Claim) -> None:
    """Say what an attempt is about, and how long the job has waited for the first."""
    if span is None:
        return
    about = {"job": claim.id, "queue": claim.queue, "model": claim.model, "user": claim.user_id}
    span.values = {f"switchyard.{name}": value for name, value in about.items() if value}
    span.values["switchyard.attempt"] = claim.attempt
    accepted_at = made_at(claim.id)
    if claim.attempt == 1 and accepted_at is not None:
        tracing.past(f"wait in {claim.queue}", accepted_at, span)


def tell(span: tracing.Span | None, status: str | None, outcome: Outcome | None) -> None:
    """Say how an attempt has ended; of a failure the reason, its words may be a user's."""
    if span is None:
        return
    span.values["switchyard.status"] = status or "taken over"
    if outcome is not None and outcome.error is not None:
        span.problem = str(outcome.error.reason)
