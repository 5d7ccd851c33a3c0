"""Asking a worker and waiting for its answer, for clients that expect it in the same request."""

from typing import Any

from shared import db, queue
from shared.errors import Unavailable, UpstreamFailed
from shared.ids import new_id
from shared.kinds.base import JobSpec, Payload
from shared.queue import Subject
from shared.services import jobs
from web.stream.hub import Follow, ending_of

_TICK_S = 1.0
Ending = tuple[str, dict[str, Any]]


def ask(
    spec: JobSpec,
    payload: Payload,
    subject: Subject,
    patience_s: float,
    page_place: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Run a job and wait for its result; other clients are served meanwhile.

    Args:
        patience_s: Seconds after which the client is told to come back; the job goes on.
        page_place: Chat and message, as the page knows them, of which the job tells the user's open
            pages.

    Returns:
        The job's result.

    Raises:
        UpstreamFailed: The job failed; the message is its own.
        Unavailable: It has not ended in time.
        Busy: The user's limits do not allow it now.
    """
    job_id = new_id()
    with Follow(job_id, is_new=True) as follow:
        with db.transaction():
            # What users see is theirs, and counts against their limits.
            begin = jobs.accept if spec.is_visible else queue.enqueue
            begin(spec, payload, subject, job_id)
            if page_place is not None:
                queue.announce(job_id, spec, subject.user_id or "", *page_place)
        ending = _ending(follow, patience_s)
    if ending is None:
        raise Unavailable("This takes longer than usual. Please try again in a moment.")
    kind, data = ending
    if kind != "completed":
        raise UpstreamFailed(data)
    return data


def wait_for(job_id: str, patience_s: float) -> Ending | None:
    """Wait for the end of a job that was accepted before; other clients are served meanwhile.

    Args:
        patience_s: Seconds, rounded up to whole ones; the job goes on after them.

    Returns:
        How it ended, and the data of its last event; None when it has not ended in time, or is
        not there any more.
    """
    with Follow(job_id) as follow:
        return _ending(follow, patience_s)


def _ending(follow: Follow, patience_s: float) -> Ending | None:
    waited = 0.0
    for batch in follow.batches(_TICK_S):
        if follow.has_ended and batch:
            return ending_of(batch[-1][1])
        waited += 0 if batch else _TICK_S
        if waited >= patience_s:
            break
    return None
