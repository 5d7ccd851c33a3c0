"""Asking a worker and waiting for its answer, for clients that expect it in the same request."""

from typing import Any

from shared import db, queue
from shared.errors import Unavailable, UpstreamFailed
from shared.ids import new_id
from shared.kinds.base import JobSpec, Payload
from shared.queue import Subject
from web.stream.hub import Follow, ending_of

_TICK_S = 1.0


def ask(spec: JobSpec, payload: Payload, subject: Subject, patience_s: float) -> dict[str, Any]:
    """Run a job and wait for its result; other clients are served meanwhile.

    Args:
        patience_s: Seconds after which the client is told to come back; the job goes on.

    Returns:
        The job's result.

    Raises:
        UpstreamFailed: The job failed; the message is its own.
        Unavailable: It has not ended in time.
    """
    job_id = new_id()
    with Follow(job_id, is_new=True) as follow:
        with db.transaction():
            queue.enqueue(spec, payload, subject, job_id)
        waited = 0.0
        for batch in follow.batches(_TICK_S):
            waited += 0 if batch else _TICK_S
            if waited >= patience_s:
                raise Unavailable("This takes longer than usual. Please try again in a moment.")
    kind, data = ending_of(batch[-1][1])
    if kind != "completed":
        raise UpstreamFailed(data)
    return data
