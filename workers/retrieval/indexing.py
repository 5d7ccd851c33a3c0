"""Jobs that make files searchable, in steps that a lost worker's successor does again."""

import hashlib
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import undefer

from shared import db
from shared.errors import Invalid, NotFound
from shared.ids import now_s
from shared.kinds.retrieval import FillKnowledge, IndexFile
from shared.models.file import FAILED, PROCESSED, File
from shared.models.job import CANCELLED, COMPLETED
from shared.models.knowledge import Knowledge
from shared.services import access, accounts
from workers.live import Running
from workers.retrieval.text import text_of

_PICTURES = "image/"


class Indexing:
    """Finds the text of one file."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, IndexFile)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload
        self._text: str | None = None

    def do(self) -> None:
        """Find the text."""
        file = _file(self._ask.file_id)
        if file.content_type.startswith(_PICTURES):
            return  # pictures are for models that see; nothing is searched in them
        self._tell(0, 1, "Reading the text")
        self._text = (file.content or "") if self._ask.from_text else text_of(file)
        self._job.check()
        self._tell(1, 1, "Reading the text")

    def _tell(self, done: int, total: int, note: str) -> None:
        progress = {"done": done, "total": total, "unit": "steps", "note": note}
        self._job.writer.emit("progress", progress)

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        """Write how it ended into the file, unless a newer job has it or it is gone."""
        file = db.session().get(File, self._ask.file_id)
        if file is None or file.job_id != self._job.claim.id:
            return {"file": self._ask.file_id}
        file.status = PROCESSED if status == COMPLETED else FAILED
        file.error = "It was cancelled." if status == CANCELLED else error
        if status == COMPLETED and self._text is not None:
            file.content, file.hash = self._text, _hash(self._text)
        file.updated_at = now_s()
        return {"file": file.id, "characters": len(self._text or "")}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _file(file_id: str) -> File:
    with db.reading() as session:
        query = select(File).where(File.id == file_id).options(undefer(File.content))
        file = session.scalar(query)
    if file is None:
        raise NotFound("The file was deleted.")
    return file


class Filling:
    """Makes processed files searchable in a knowledge base."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, FillKnowledge)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload

    def do(self) -> None:
        """Look the rights and the files up again."""
        with db.reading() as session:
            knowledge = session.get(Knowledge, self._ask.knowledge_id)
            user = accounts.principal_of(self._job.claim.user_id or "")
            if knowledge is None or user is None or not access.can(user, "write", knowledge):
                raise NotFound
        for file_id in self._ask.file_ids:
            file = _file(file_id)
            if file.status != PROCESSED:
                raise Invalid(f"The file '{file.filename}' has not been processed.")

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Say what was done."""
        return {"knowledge": self._ask.knowledge_id, "files": len(self._ask.file_ids)}
