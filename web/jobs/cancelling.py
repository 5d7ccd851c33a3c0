"""Cancelling a job, noted where it is another user's."""

from shared import db
from shared.services import jobs
from shared.services.accounts import ADMIN, Principal
from web import audit


def cancel(user: Principal, job_id: str) -> str:
    """Ask for a job's end; see `jobs.cancel`.

    Raises:
        NotFound: No such job for this user.
    """
    status = jobs.cancel(user, job_id)
    if user.role == ADMIN:
        with db.reading():
            owner = jobs.find(user, job_id).user_id
        if owner != user.id:
            audit.note_of(user, "cancelled job %s of user %s", job_id, owner)
    return status
