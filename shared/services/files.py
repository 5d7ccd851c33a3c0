"""Files: who has which, what is told of them, and that nothing of a deleted one is left."""

import fnmatch
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import undefer

from shared import db
from shared.errors import NotFound
from shared.ids import now_s
from shared.models.file import File
from shared.models.knowledge import KnowledgeFile
from shared.services import access, indexing
from shared.services.accounts import ADMIN, Principal

PAGE_SIZE = 50
# In what is told of a file: when it goes, seconds since the epoch.
EXPIRY = "expires_at_s"
_MAX_NAME = 200
# Databases take so many ids in one statement, and jobs in one row.
_AT_ONCE = 500
# What may stand in a key of the storage.
_NO_KEY = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Stored:
    """An upload whose bytes are in the storage already.

    Attributes:
        id: Of the file that it becomes.
        key: Where its bytes are.
        content_type: Found in its bytes.
        meta: What the uploader tells about it.
        digest: SHA-256 of its bytes, in hexadecimal.
    """

    id: str
    filename: str
    key: str
    content_type: str
    size_bytes: int
    meta: dict[str, Any]
    digest: str | None = None


def clean_name(name: str) -> str:
    """Take from a name what would be a path, a control character, or too long."""
    plain = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(c for c in plain if unicodedata.category(c)[0] != "C").strip(" .")
    stem, dot, suffix = shown.rpartition(".")
    if len(shown) > _MAX_NAME:
        shown = f"{stem[: _MAX_NAME - len(suffix) - 1]}{dot}{suffix}"[:_MAX_NAME]
    return shown or "file"


def key_of(file_id: str, filename: str) -> str:
    """Name the place of a file in the storage; operators recognise the file by it."""
    ascii_name = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    return f"{file_id}_{_NO_KEY.sub('_', ascii_name)[-120:]}"


def add(user_id: str, stored: Stored) -> File:
    """Make a file of an upload."""
    now = now_s()
    file = File(
        id=stored.id,
        user_id=user_id,
        filename=stored.filename,
        key=stored.key,
        content_type=stored.content_type,
        size_bytes=stored.size_bytes,
        digest=stored.digest,
        meta=stored.meta,
        content=None,
        pages=None,
        created_at=now,
        updated_at=now,
    )
    db.session().add(file)
    db.session().flush()
    return file


def find(user: Principal, file_id: str, action: str = "read") -> File:
    """Give a file to those who may have it.

    Raises:
        NotFound: There is none, or not for this user; the two are not told apart.
    """
    file = db.session().get(File, file_id)
    if file is None or not access.can(user, action, file):
        raise NotFound
    return file


def find_all(user: Principal, file_ids: Iterable[str], action: str = "read") -> list[File]:
    """Give several files, each once, in their order.

    Raises:
        NotFound: One is not there, or not for this user; the message names it.
    """
    found = []
    for file_id in dict.fromkeys(file_ids):
        try:
            found.append(find(user, file_id, action))
        except NotFound:
            raise NotFound(f"File {file_id[:64]} not found") from None
    return found


def listed(user: Principal, with_content: bool, page: int | None = None) -> list[File]:
    """List a user's files, or all for admins; newest first.

    Args:
        with_content: Whether their texts are wanted.
        page: From 1, of PAGE_SIZE files; None for all.
    """
    query = select(File).where(*_seen_by(user))
    query = query.order_by(File.created_at.desc(), File.id.desc())
    if with_content:
        query = query.options(undefer(File.content))
    if page is not None:
        query = query.offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    return list(db.session().scalars(query))


def with_purpose(
    user: Principal, purpose: str | None, after: str | None, limit: int, is_newest_first: bool
) -> list[File]:
    """List a user's own files that came or were made for a purpose, as OpenAI's clients do.

    Args:
        purpose: Only those; None for any.
        after: Id of the last one of the page before.
    """
    wanted = File.meta["purpose"].as_string()
    query = select(File).where(File.user_id == user.id)
    query = query.where(wanted.is_not(None) if purpose is None else wanted == purpose)
    if after is not None:
        query = query.where(File.id < after if is_newest_first else File.id > after)
    query = query.order_by(File.id.desc() if is_newest_first else File.id)
    return list(db.session().scalars(query.limit(limit)))


def expires_at(file: File) -> int | None:
    """Tell when a file goes by itself, in seconds since the epoch; None: never."""
    moment = file.meta.get(EXPIRY)
    return moment if isinstance(moment, int) else None


def purge() -> None:
    """Delete the files whose time is over; runs transactions of its own."""
    # As words of the same length: an uploader may have put anything there, which is no number.
    over = select(File).where(File.meta[EXPIRY].as_string() <= str(now_s())).limit(_AT_ONCE)
    is_more = True
    while is_more:
        with db.transaction() as session:
            found = list(session.scalars(over))
            remove(found)
        is_more = len(found) == _AT_ONCE


def count(user: Principal) -> int:
    """Count what `listed` lists."""
    query = select(func.count()).select_from(File).where(*_seen_by(user))
    return db.session().scalar(query) or 0


def named(user: Principal, pattern: str, with_content: bool) -> list[File]:
    """List the files whose names fit a pattern like `*.pdf`, in any case; newest first."""
    names = select(File.id, File.filename).where(*_seen_by(user))
    # Matched here: SQL's patterns are others, and SQLite knows the cases of ASCII letters only.
    fits = re.compile(fnmatch.translate(pattern.lower())).match
    rows = db.session().execute(names)
    wanted = {file_id for file_id, name in rows if fits(name.lower())}
    return [file for file in listed(user, with_content) if file.id in wanted]


def _seen_by(user: Principal) -> list[ColumnElement[bool]]:
    return [] if user.role == ADMIN else [File.user_id == user.id]


def content_of(file: File) -> str | None:
    """Give the text of a file; None when nobody has looked for it yet."""
    return db.session().scalar(select(File.content).where(File.id == file.id))


def rename(file: File, name: str) -> File:
    """Give a file another name."""
    file.filename, file.updated_at = clean_name(name), now_s()
    return file


def set_content(file: File, content: str) -> str:
    """Give a file another text, which is searched instead of the old one once a job has seen to it.

    Returns:
        The job's id.
    """
    file.content, file.pages = content, None
    file.updated_at = now_s()
    db.session().flush()
    return indexing.index(file, from_text=True)


def remove(files: Sequence[File]) -> None:
    """Delete files: their rows now, their objects and vectors by a job."""
    for start in range(0, len(files), _AT_ONCE):
        _remove(files[start : start + _AT_ONCE])


def _remove(files: Sequence[File]) -> None:
    ids = [file.id for file in files]
    member = select(KnowledgeFile.knowledge_id, KnowledgeFile.file_id)
    held = db.session().execute(member.where(KnowledgeFile.file_id.in_(ids))).all()
    db.session().execute(delete(KnowledgeFile).where(KnowledgeFile.file_id.in_(ids)))
    db.session().execute(delete(File).where(File.id.in_(ids)))
    indexing.clean_up(
        objects=[file.key for file in files],
        collections=[indexing.collection_of(file_id) for file_id in ids],
        parts=[(knowledge_id, file_id) for knowledge_id, file_id in held],
    )


def remove_all_of(user_id: str) -> None:
    """Delete all files of an account that is about to go."""
    remove(list(db.session().scalars(select(File).where(File.user_id == user_id))))


def remove_all() -> None:
    """Delete every file of everybody."""
    remove(list(db.session().scalars(select(File))))
