"""Knowledge bases: who has which, and which files are in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select

from shared import db
from shared.errors import Invalid, NotFound
from shared.ids import new_id, now_s
from shared.models.catalogue import ModelRow
from shared.models.file import PENDING, PROCESSED, File
from shared.models.knowledge import Knowledge, KnowledgeFile
from shared.services import access, files, indexing, permissions, sharing
from shared.services.accounts import Principal
from shared.services.sharing import Control

PAGE_SIZE = 30


@dataclass(frozen=True)
class About:
    """What a user says of a knowledge base."""

    name: str
    description: str
    data: dict[str, Any] | None
    access_control: dict[str, Any] | None


def find(user: Principal, knowledge_id: str, action: str = "read") -> Knowledge:
    """Give a knowledge base to those who may have it.

    Raises:
        NotFound: There is none, or not for this user; the two are not told apart.
    """
    knowledge = db.session().get(Knowledge, knowledge_id)
    if knowledge is None or not access.can(user, action, knowledge):
        raise NotFound
    return knowledge


def listed(user: Principal, action: str) -> list[Knowledge]:
    """List the knowledge bases that a user may "read" or "write", newest change first."""
    query = select(Knowledge).order_by(Knowledge.updated_at.desc(), Knowledge.id.desc())
    return [row for row in db.session().scalars(query) if access.can(user, action, row)]


def named(user: Principal, words: str, whose: str) -> list[Knowledge]:
    """List the readable knowledge bases whose name or description has some words in it.

    Args:
        whose: "created" for the user's own, "shared" for others', else all.
    """
    wanted = words.casefold()
    return [
        one
        for one in listed(user, "read")
        if wanted in f"{one.name}\n{one.description}".casefold()
        and (whose not in ("created", "shared") or (whose == "created") == (one.user_id == user.id))
    ]


def share(user: Principal, knowledge: Knowledge, wanted: Control) -> Knowledge:
    """Say anew whom a knowledge base lets in."""
    before = knowledge.access_control
    knowledge.access_control = sharing.permitted(user, "knowledge", wanted, before)
    knowledge.updated_at = now_s()
    return knowledge


def create(user: Principal, about: About) -> Knowledge:
    """Make a knowledge base.

    Raises:
        Forbidden: The user may make none.
        Invalid: It has no name.
    """
    permissions.require(user, "workspace", "knowledge")
    now = now_s()
    knowledge = Knowledge(id=new_id(), user_id=user.id, created_at=now)
    _describe(user, knowledge, about)
    db.session().add(knowledge)
    db.session().flush()
    return knowledge


def change(user: Principal, knowledge: Knowledge, about: About) -> Knowledge:
    """Describe a knowledge base anew; its files stay.

    Raises:
        Invalid: It has no name.
    """
    _describe(user, knowledge, about)
    return knowledge


def _describe(user: Principal, knowledge: Knowledge, about: About) -> None:
    if not about.name.strip():
        raise Invalid("A knowledge base needs a name.")
    before = {} if knowledge.name is None else knowledge.access_control
    knowledge.name, knowledge.description = about.name.strip(), about.description
    kept = {name: value for name, value in (about.data or {}).items() if name != "file_ids"}
    knowledge.data = kept or knowledge.data
    wanted = about.access_control
    knowledge.access_control = sharing.permitted(user, "knowledge", wanted, before)
    knowledge.updated_at = now_s()


def files_of(knowledge_ids: Sequence[str]) -> dict[str, list[File]]:
    """Give the files of some knowledge bases, in the order in which they came."""
    query = (
        select(KnowledgeFile.knowledge_id, File)
        .join(File, File.id == KnowledgeFile.file_id)
        .where(KnowledgeFile.knowledge_id.in_(knowledge_ids))
        .order_by(KnowledgeFile.created_at, KnowledgeFile.file_id)
    )
    found: dict[str, list[File]] = {knowledge_id: [] for knowledge_id in knowledge_ids}
    for knowledge_id, file in db.session().execute(query):
        found[knowledge_id].append(file)
    return found


def holds(knowledge: Knowledge, file_id: str) -> bool:
    """Whether a file is in a knowledge base."""
    return db.session().get(KnowledgeFile, (knowledge.id, file_id)) is not None


def require_held(knowledge: Knowledge, file: File) -> None:
    """Let pass only files that are in a knowledge base.

    Raises:
        Invalid: It is not.
    """
    if not holds(knowledge, file.id):
        raise Invalid(f"The file '{file.filename}' is not in this knowledge base.")


def put_in(knowledge: Knowledge, added: Sequence[File]) -> None:
    """Put files into a knowledge base; those that are in it stay as they are. They are searched
    there once they were processed and filled in, see `indexing`.

    Raises:
        Invalid: A file has no text, or the same text as one that is in it.
    """
    for file in added:
        if holds(knowledge, file.id):
            continue
        _check_text(knowledge, file)
        row = KnowledgeFile(knowledge_id=knowledge.id, file_id=file.id, created_at=now_s())
        db.session().add(row)
        db.session().flush()
    knowledge.updated_at = now_s()


def _check_text(knowledge: Knowledge, file: File) -> None:
    is_empty = file.status == PROCESSED and file.hash is None
    if is_empty or file.status not in (PROCESSED, PENDING):
        raise Invalid(
            f"The file '{file.filename}' has no text that was processed"
            f"{': ' + file.error if file.error else '.'}"
        )
    same = (
        select(File.filename)
        .join(KnowledgeFile, KnowledgeFile.file_id == File.id)
        .where(KnowledgeFile.knowledge_id == knowledge.id, File.hash == file.hash)
    )
    if file.hash and (twin := db.session().scalar(same)) is not None:
        raise Invalid(f"Duplicate content detected: '{twin}' has the same text. {file.filename}")


def take_out(knowledge: Knowledge, removed: Sequence[File]) -> None:
    """Take files out of a knowledge base."""
    ids = [file.id for file in removed]
    db.session().execute(
        delete(KnowledgeFile).where(
            KnowledgeFile.knowledge_id == knowledge.id, KnowledgeFile.file_id.in_(ids)
        )
    )
    indexing.clean_up(parts=[(knowledge.id, file_id) for file_id in ids])
    knowledge.updated_at = now_s()


def is_held(file: File) -> bool:
    """Whether any knowledge base has a file."""
    held = select(func.count()).where(KnowledgeFile.file_id == file.id)
    return bool(db.session().scalar(held))


def drop(user: Principal, knowledge: Knowledge, file: File, with_file: bool) -> None:
    """Take a file out of a knowledge base, and delete it when nothing else has it.

    Args:
        with_file: Whether it is to be deleted at all; only those may who may write it.
    """
    may_delete = with_file and access.can(user, "write", file)
    take_out(knowledge, [file])
    if may_delete and not is_held(file):
        files.remove([file])


def empty(knowledge: Knowledge) -> Knowledge:
    """Take all files out of a knowledge base; the files stay."""
    db.session().execute(delete(KnowledgeFile).where(KnowledgeFile.knowledge_id == knowledge.id))
    indexing.clean_up(collections=[knowledge.id])
    knowledge.updated_at = now_s()
    return knowledge


def remove(knowledge: Knowledge) -> None:
    """Delete a knowledge base; its files stay, models forget it."""
    for row in db.session().scalars(select(ModelRow)):
        known = row.meta.get("knowledge") or []
        kept = [item for item in known if _id_of(item) != knowledge.id]
        if len(kept) != len(known):
            row.meta, row.updated_at = {**row.meta, "knowledge": kept}, now_s()
    empty(knowledge)
    db.session().delete(knowledge)
    db.session().flush()


def _id_of(item: Any) -> Any:
    return item.get("id") if isinstance(item, dict) else None


def remove_all_of(user_id: str) -> None:
    """Delete all knowledge bases of an account that is about to go."""
    owned = select(Knowledge).where(Knowledge.user_id == user_id)
    for knowledge in db.session().scalars(owned).all():
        remove(knowledge)
