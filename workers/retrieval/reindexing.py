"""The job that makes everything searchable anew: one job for each file, user with memories and
collection, which take their turns with everybody else's.
"""

from typing import Any

from sqlalchemy import func, select

from shared import db
from shared.errors import Forbidden
from shared.kinds.retrieval import INDEX_FILE, TRY_ENGINE, TryEngine
from shared.models.chunk import Collection
from shared.models.file import File
from shared.models.job import ENDED, FAILED, Job
from shared.models.knowledge import Knowledge
from shared.models.memory import Memory
from shared.services import access, accounts, indexing, jobs
from workers import asking
from workers.live import Cancelled, Running
from workers.vectors import get_index

_PAUSE_S = 0.5
# So many jobs are accepted in one transaction.
_AT_ONCE = 100


class Reindexing:
    """Accepts jobs for all that is searched, and waits for them."""

    def __init__(self, job: Running) -> None:
        self._job, self._id = job, job.claim.id
        # Ids of jobs grow: those that this one has accepted stand behind it.
        self._children = (
            Job.id > self._id,
            Job.parent_id == self._id,
            Job.kind != TRY_ENGINE.name,
        )
        with db.reading():
            user = accounts.principal_of(job.claim.user_id or "")
        if user is None or not access.can(user, "use", "admin"):
            raise Forbidden
        self._user = user
        self._counts: dict[str, int] = {}

    def do(self) -> None:
        """Empty the knowledge bases, then fill them file by file; an engine that does not work
        leaves everything as it is.
        """
        asking.ask(self._job, [(TRY_ENGINE, TryEngine())])
        if self._job.claim.attempt == 1:
            self._empty()
        self._accept_files()
        self._accept_the_rest()
        try:
            while self._is_under_way():
                self._job.pause(_PAUSE_S)
        except Cancelled:
            self._cancel()
            raise

    def _empty(self) -> None:
        with db.reading() as session:
            collections = session.scalars(select(Knowledge.id)).all()
        for collection in collections:
            get_index().drop(collection)

    def _accept_files(self) -> None:
        """Accept a job for each file that has a text, and none from an attempt before."""
        with db.reading() as session:
            accepted = select(Job.request).where(*self._children, Job.kind == INDEX_FILE.name)
            known = {request["file_id"] for request in session.scalars(accepted)}
            query = select(File.id).where(File.hash.is_not(None)).order_by(File.id)
            todo = [file_id for file_id in session.scalars(query) if file_id not in known]
        for start in range(0, len(todo), _AT_ONCE):
            self._job.check()
            with db.transaction() as session:
                some = select(File).where(File.id.in_(todo[start : start + _AT_ONCE]))
                for file in session.scalars(some):
                    indexing.index_again(file, self._id)

    def _accept_the_rest(self) -> None:
        """Accept a job for each user's memories, and for each collection of pages or texts."""
        with db.transaction() as session:
            rest = select(Job.id).where(*self._children, Job.kind != INDEX_FILE.name).limit(1)
            if session.scalar(rest) is not None:
                return  # an attempt before has, all of them in this transaction
            for user_id in session.scalars(select(Memory.user_id).distinct()).all():
                indexing.index_memories(user_id, parent_id=self._id)
            for collection in session.scalars(select(Collection).order_by(Collection.name)):
                indexing.renew(collection, self._id)

    def _is_under_way(self) -> bool:
        """Look how far the jobs are, and tell it."""
        with db.reading() as session:
            query = select(Job.status, func.count()).where(*self._children).group_by(Job.status)
            counts = session.execute(query).all()
        self._counts = {status: count for status, count in counts}  # noqa: C416 -- rows are no pairs to the type checker
        total = sum(self._counts.values())
        done = sum(self._counts.get(status, 0) for status in ENDED)
        progress = {"done": done, "total": total, "unit": "files", "note": "Indexing"}
        self._job.writer.emit("progress", progress)
        return done < total

    def _cancel(self) -> None:
        with db.reading() as session:
            query = select(Job.id).where(*self._children, Job.status.not_in(ENDED))
            open_jobs = session.scalars(query).all()
        for job_id in open_jobs:
            jobs.cancel(self._user, job_id)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Say how many there were, and how many failed: each file tells why."""
        total, failed = sum(self._counts.values()), self._counts.get(FAILED, 0)
        return {"files": total, "failed": failed}
