"""Knowledge bases, files with their bytes, and the jobs that make them searchable."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from shared import db
from shared.models.file import FAILED, File
from shared.models.knowledge import Knowledge, KnowledgeFile
from shared.movein.known import Known
from shared.movein.mover import Moved, Mover
from shared.movein.report import Report
from shared.movein.row import Broken, Row
from shared.movein.source import Source
from shared.services import content_types, files, indexing
from shared.storage import get_storage
from shared.storage.base import PIECE_BYTES

MISSING = "Its upload was not found when it was brought here."


class KnowledgeBases(Mover):
    """Knowledge bases; the files follow, and know where they belong."""

    noun, table, model = "knowledge bases", "knowledge", Knowledge

    def __init__(self, source: Source, known: Known, report: Report) -> None:
        super().__init__(source, known, report)
        self._listed: dict[str, list[str]] = {}
        for row in source.rows("knowledge_file"):
            self._listed.setdefault(row.text("knowledge_id"), []).append(row.text("file_id"))

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        data = row.object("data")
        knowledge = Knowledge(
            id=row.key(),
            user_id=self._known.owner_or_heir(row.get("user_id")),
            name=row.text("name") or row.key(),
            description=row.text("description"),
            data={n: v for n, v in (data or {}).items() if n != "file_ids"} or None,
            meta=row.object("meta"),
            access_control=self._known.control(row.object("access_control")),
            created_at=row.seconds("created_at"),
            updated_at=row.seconds("updated_at"),
        )
        return Moved(knowledge.id, [knowledge])

    def keep(self, row: Row) -> None:
        """See `Mover`."""
        told = (row.object("data") or {}).get("file_ids")
        ids = told if isinstance(told, list) else []
        for file_id in dict.fromkeys((*ids, *self._listed.get(row.key(), []))):
            if isinstance(file_id, str):
                self._known.held.setdefault(file_id, []).append(row.key())

    def forget(self, row: Row) -> None:
        """See `Mover`; its files come without it."""
        for holding in self._known.held.values():
            if row.key() in holding:
                holding.remove(row.key())


@dataclass(frozen=True)
class _Bytes:
    """What was found of an upload."""

    size: int
    digest: str
    content_type: str


class Files(Mover):
    """Files. The bytes are copied before the row is stored; a run that is killed in between copies
    them once more, over the same object.
    """

    noun, table, model = "files", "file", File

    def __init__(self, source: Source, known: Known, report: Report, uploads: Path) -> None:
        super().__init__(source, known, report)
        self._uploads = uploads.resolve()
        with db.reading() as session:
            lost = select(File.id).where(File.digest.is_(None), File.size_bytes == 0)
            self._lost = set(session.scalars(lost))

    def here(self) -> set[Any]:
        """See `Mover`; those whose upload was missing last time are looked for once more."""
        return super().here() - self._lost

    def moved(self, row: Row) -> Moved | None:
        """See `Mover`."""
        file_id, meta = row.key(), row.object("meta") or {}
        held_by = self._known.held.get(file_id, [])
        owner = self._known.owner_or_heir if held_by else self._known.owner
        name = files.clean_name(str(meta.get("name") or row.text("filename")))
        file = File(
            id=file_id,
            user_id=owner(row.get("user_id")),
            filename=name,
            key=files.key_of(file_id, name),
            content=_content(row),
            pages=None,
            meta=meta["data"] if isinstance(meta.get("data"), dict) else {},
            created_at=row.seconds("created_at"),
            updated_at=row.seconds("updated_at"),
        )
        found = self._copied(row, file)
        if found is None and file_id in self._lost:
            return None
        self._describe(file, found)
        at = file.created_at
        held = [KnowledgeFile(knowledge_id=k, file_id=file_id, created_at=at) for k in held_by]
        return Moved(file_id, [file, *held], lambda: _index(file_id, found is not None))

    def _describe(self, file: File, found: _Bytes | None) -> None:
        if found is not None:
            file.size_bytes, file.digest = found.size, found.digest
            file.content_type = found.content_type
            return
        file.size_bytes, file.digest = 0, None
        file.content_type = content_types.BINARY
        file.status, file.error = FAILED, MISSING
        kept = "; its text is kept" if file.content else ""
        self._report.note(self.noun, f"{file.id} ({file.filename})", f"its upload is missing{kept}")

    def _copied(self, row: Row, file: File) -> _Bytes | None:
        """Copy the bytes of an upload to the storage; None when they are not there."""
        path = next(filter(Path.is_file, self._places(row)), None)
        if path is None:
            return None
        digest, size = hashlib.sha256(), 0
        upload = None if self._report.is_dry else get_storage().begin(file.key)
        try:
            with path.open("rb") as stream:
                head = stream.peek(content_types.HEAD_BYTES)[: content_types.HEAD_BYTES]
                while piece := stream.read(PIECE_BYTES):
                    digest.update(piece)
                    size += len(piece)
                    if upload is not None:
                        upload.write(piece)
            if upload is not None:
                upload.commit()
        except OSError as error:
            raise Broken(f"its upload cannot be read: {error.strerror}") from None
        finally:
            if upload is not None:
                upload.abort()
        return _Bytes(size, digest.hexdigest(), content_types.sniff(head, file.filename))

    def _places(self, row: Row) -> Iterator[Path]:
        """List where an upload may lie: a name in the folder, never anything outside of it."""
        meta = row.object("meta") or {}
        told = (row.word("path"), meta.get("path"), f"{row.key()}_{row.text('filename')}")
        for one in (*told, row.word("filename")):
            name = str(one or "").replace("\\", "/").rpartition("/")[2]
            path = (self._uploads / name).resolve()
            if name and path.parent == self._uploads:
                yield path


def _content(row: Row) -> str | None:
    """Give the text that was found in a file; none at all is looked for anew."""
    with suppress(Broken):
        content = (row.object("data") or {}).get("content")
        return content if isinstance(content, str) and content.strip() else None
    return None


def _index(file_id: str, has_bytes: bool) -> None:
    """Accept the job that makes a file searchable, if there is anything to search."""
    file = db.session().get(File, file_id)
    if file is None or not (has_bytes or files.content_of(file)):
        return
    indexing.index_brought(file)
