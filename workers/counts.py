"""What operators want to know of jobs, counted as they begin and end."""

import time

from shared.ids import made_at
from shared.leases import Claim
from shared.metrics.catalogue import ATTEMPTS, ENDED, JOB_RUN, QUEUE_WAIT
from workers.ending import Outcome


def attempt_begins(claim: Claim) -> None:
    """Count an attempt, and before the first one the wait."""
    if claim.attempt > 1:
        ATTEMPTS.count(
            claim.queue, claim.model, "handed over" if claim.follows_handover else "lost"
        )
        return
    ATTEMPTS.count(claim.queue, claim.model, "first")
    accepted_at = made_at(claim.id)
    if accepted_at is not None:
        QUEUE_WAIT.observe(max(time.time() - accepted_at, 0.0), claim.queue, claim.model)


def job_ends(claim: Claim, outcome: Outcome, seconds: float) -> None:
    """Count an end, with the reason of a failure in a word."""
    reason = "" if outcome.error is None else str(outcome.error.reason)
    ENDED.count(claim.queue, claim.kind, claim.model, outcome.status, reason)
    JOB_RUN.observe(seconds, claim.queue, claim.kind)
