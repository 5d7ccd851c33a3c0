"""Jobs that make files searchable. Each may be done twice, or die half-way: what it has put into
the index is found again by its successor.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import undefer

from shared import db
from shared.config.options import option
from shared.errors import Invalid, NotFound
from shared.ids import now_s
from shared.kinds.retrieval import FillKnowledge, IndexFile
from shared.models.file import FAILED, PENDING, PROCESSED, File
from shared.models.job import CANCELLED, COMPLETED
from shared.models.knowledge import Knowledge, KnowledgeFile
from shared.services import access, accounts, indexing, reindexing
from shared.services.indexing import collection_of
from shared.storage import get_storage
from workers.abandoning import abandonable
from workers.embedding.leavable import LeavableEngine
from workers.giving_way import Turn
from workers.live import Running
from workers.retrieval import listening, parts
from workers.retrieval.base import Extract
from workers.retrieval.filling import Filler
from workers.vectors import get_index

_PICTURES, _SOUNDS = "image/", ("audio/", "video/")
# A picture of words and lines; what it says can be searched.
_DRAWING = "image/svg+xml"


@dataclass(frozen=True)
class _Source:
    """A file, its text and the knowledge bases that hold it, as they are when a job begins."""

    file: File
    extract: Extract
    held_by: Sequence[str]


class Indexing:
    """Finds the text of one file and makes it searchable."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, IndexFile)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload
        self._source = _taken(job.payload.file_id, job.claim.id)
        self._extract: Extract | None = None
        self._chunks = 0
        self._turn = Turn(job)

    def do(self) -> None:
        """Read, cut, embed, and bring it to where it is searched."""
        file = self._source.file
        if _is_picture(file) and not self._ask.from_text:
            return  # pictures are for models that see; nothing is searched in them
        extract = self._extract = self._source.extract if self._ask.from_text else self._read()
        self._job.check()
        if option("BYPASS_EMBEDDING_AND_RETRIEVAL"):
            return
        engine = LeavableEngine(self._job, parts.get_engine())
        filler = Filler(get_index(), engine, self._embedded, self._look)
        chunks = parts.get_splitter().split(extract)
        meta = _meta(file, extract.text, filler.engine.name)
        self._chunks = filler.put(collection_of(file.id), file.id, chunks, meta)
        for knowledge_id in self._source.held_by:
            filler.copy(collection_of(file.id), knowledge_id, file.id)

    def _read(self) -> Extract:
        file = self._source.file
        with get_storage().as_file(file.key) as path:
            if file.content_type.startswith(_SOUNDS):
                extract = listening.text_of(path, partial(self._step, unit="s"))
            else:
                self._step(0, 1, "Reading the text", "steps")
                read = partial(parts.get_extractor().extract, path, file.filename)
                extract = abandonable(self._job, lambda: read(file.content_type))
        if not extract.text.strip():
            raise Invalid("The file holds no text.")
        return extract

    def _embedded(self, done: int, total: int, note: str) -> None:
        """Tell how many chunks are done; they are kept, so others may go first now and then."""
        self._step(done, total, note)
        if done < total:
            self._turn.give_way()

    def _step(self, done: float, total: float, note: str, unit: str = "chunks") -> None:
        """Tell how far it is, unless it need go no further."""
        self._look()
        _tell(self._job, done, total, note, unit)

    def _look(self) -> None:
        """End the work when it need go no further: it was cancelled, the file is gone, or has a
        newer job, whose work must not be mixed with this one's.
        """
        self._job.check()
        with db.reading() as session:
            newest = session.scalar(select(File.job_id).where(File.id == self._ask.file_id))
        if newest is None:
            raise NotFound("The file was deleted.")
        if _is_newer(newest, self._job.claim.id):
            raise Invalid("A newer job makes the file searchable.")

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        """Write how it ended into the file, unless a newer job has it. What was made of a file that
        is gone, or for a knowledge base that has let it go, is cleared away.
        """
        file = db.session().get(File, self._ask.file_id)
        _clear_lost(self._ask.file_id, self._source.held_by, file is not None)
        if file is not None and not _is_newer(file.job_id, self._job.claim.id):
            file.status = PROCESSED if status == COMPLETED else FAILED
            file.error = "It was cancelled." if status == CANCELLED else error
            if self._extract is not None:
                file.content, file.hash = self._extract.text, _hash(self._extract.text)
                file.pages = list(self._extract.pages) or None
            file.updated_at = now_s()
        characters = len(self._extract.text) if self._extract is not None else 0
        return {"file": self._ask.file_id, "characters": characters, "chunks": self._chunks}


def _is_picture(file: File) -> bool:
    return file.content_type.startswith(_PICTURES) and file.content_type != _DRAWING


def _taken(file_id: str, job_id: str) -> _Source:
    """Load a file, and let it say who works on it: after a failure that is another job."""
    with db.transaction() as session:
        whole = (undefer(File.content), undefer(File.pages))
        file = session.scalar(select(File).where(File.id == file_id).options(*whole))
        if file is None:
            raise NotFound("The file was deleted.")
        if not _is_newer(file.job_id, job_id):
            file.job_id, file.status, file.error = job_id, PENDING, None
        holding = select(KnowledgeFile.knowledge_id).where(KnowledgeFile.file_id == file_id)
        extract = Extract(file.content or "", tuple(file.pages or ()))
        return _Source(file, extract, session.scalars(holding).all())


def _is_newer(one: str | None, other: str) -> bool:
    """Whether a job came after another; ids grow."""
    return one is not None and one > other


def _clear_lost(file_id: str, held_by: Sequence[str], is_there: bool) -> None:
    """Clear away what was put where it no longer belongs, because somebody has changed his mind
    while a job was at work.
    """
    holding = select(KnowledgeFile.knowledge_id).where(KnowledgeFile.file_id == file_id)
    still = set(db.session().scalars(holding))
    lost = [(knowledge_id, file_id) for knowledge_id in held_by if knowledge_id not in still]
    gone = [] if is_there else [collection_of(file_id)]
    if lost or gone:
        indexing.clean_up(collections=gone, parts=lost)


def _tell(job: Running, done: float, total: float, note: str, unit: str) -> None:
    job.writer.emit("progress", {"done": done, "total": total, "unit": unit, "note": note})


def _meta(file: File, text: str, engine: str) -> dict[str, Any]:
    """Give what every chunk of a file tells of it, in the contract's words."""
    return {
        "file_id": file.id,
        "name": file.filename,
        "source": file.filename,
        "created_by": file.user_id,
        "hash": _hash(text),
        "embedding_config": reindexing.mark_of(engine),
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Filling:
    """Makes processed files searchable in a knowledge base."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, FillKnowledge)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload

    def do(self) -> None:
        """Look the rights and the files up again, and copy what was made of them."""
        filler = Filler(get_index(), parts.get_engine(), self._step)
        for file_id in self._files():
            if not option("BYPASS_EMBEDDING_AND_RETRIEVAL"):
                filler.copy(collection_of(file_id), self._ask.knowledge_id, file_id)

    def _step(self, done: int, total: int, note: str) -> None:
        self._job.check()
        _tell(self._job, done, total, note, "chunks")

    def _files(self) -> list[str]:
        with db.reading() as session:
            knowledge = session.get(Knowledge, self._ask.knowledge_id)
            user = accounts.principal_of(self._job.claim.user_id or "")
            if knowledge is None or user is None or not access.can(user, "write", knowledge):
                raise NotFound
            query = select(File).where(File.id.in_(self._ask.file_ids))
            found = {file.id: file for file in session.scalars(query)}
        for file in found.values():
            if file.status != PROCESSED:
                raise Invalid(f"The file '{file.filename}' has not been processed.")
        return [file_id for file_id in self._ask.file_ids if file_id in found]

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Say what was done."""
        for file_id in self._ask.file_ids:
            is_there = db.session().get(File, file_id) is not None
            _clear_lost(file_id, [self._ask.knowledge_id], is_there)
        return {"knowledge": self._ask.knowledge_id, "files": len(self._ask.file_ids)}
