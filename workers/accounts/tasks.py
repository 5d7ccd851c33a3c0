"""The jobs of accounts."""

from typing import Any

from sqlalchemy import delete, select

from shared import db
from shared.errors import NotFound
from shared.kinds.accounts import CLEAR_AWAY, ClearAway
from shared.models.chat import Chat
from shared.models.job import Job
from shared.services import accounts, chats, jobs
from shared.services.accounts import Principal
from workers.base import task
from workers.live import Running

# So many go in one transaction: others want to write too. A chat takes some milliseconds, in which
# on SQLite no answer of this process goes on.
_AT_ONCE, _CHATS_AT_ONCE = 200, 5


@task(CLEAR_AWAY)
class Clearing:
    """Deletes the chats and jobs of an account that is gone, a few at a time."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, ClearAway)  # noqa: S101 -- for the type checker: the kind decides
        self._job = job
        self._user_id = job.payload.user_id
        with db.reading():
            self._is_gone = accounts.by_id(self._user_id) is None

    def do(self) -> None:
        """Stop what still runs, then delete."""
        if not self._is_gone:
            return
        self._stop_jobs()
        for clear_some in (self._clear_chats, self._clear_jobs):
            while clear_some():
                self._job.check()

    def save(self, status: str, error: str | None) -> dict[str, Any]:  # noqa: ARG002 -- the protocol's signature
        """Nothing is left to be told."""
        return {}

    def _stop_jobs(self) -> None:
        # Whoever is gone has no rights; the jobs are stopped as if their owner did it.
        owner = Principal(self._user_id, "", "", accounts.USER, "")
        with db.reading():
            open_jobs = jobs.open_of(owner)
        for job_id in open_jobs:
            try:
                jobs.cancel(owner, job_id)
            except NotFound:
                continue  # deleted meanwhile

    def _clear_chats(self) -> bool:
        with db.transaction() as session:
            query = select(Chat.id).where(Chat.user_id == self._user_id).limit(_CHATS_AT_ONCE)
            ids = list(session.scalars(query))
            if ids:
                chats.remove_all(self._user_id, ids)
        return bool(ids)

    def _clear_jobs(self) -> bool:
        # A worker that still runs one finds that it is no longer its own, and stops.
        with db.transaction() as session:
            some = select(Job.id).where(Job.user_id == self._user_id).limit(_AT_ONCE)
            gone = session.execute(delete(Job).where(Job.id.in_(some)).returning(Job.id)).all()
        return bool(gone)
