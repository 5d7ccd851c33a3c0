"""Directories inside knowledge bases: they sort files, and mean nothing to searches."""

from sqlalchemy import delete, select, update

from shared import db
from shared.errors import Invalid, NotFound
from shared.ids import new_id, now_s
from shared.models.knowledge import Directory, Knowledge, KnowledgeFile
from shared.services import files, knowledge
from shared.services.accounts import Principal

_MAX_NAME = 200


def of(one: Knowledge) -> list[Directory]:
    """List all directories of a knowledge base, by name."""
    query = select(Directory).where(Directory.knowledge_id == one.id)
    return list(db.session().scalars(query.order_by(Directory.name, Directory.id)))


def find(one: Knowledge, directory_id: str) -> Directory:
    """Find a directory of a knowledge base.

    Raises:
        NotFound: There is none in it.
    """
    directory = db.session().get(Directory, directory_id)
    if directory is None or directory.knowledge_id != one.id:
        raise NotFound("There is no such directory in this knowledge base.")
    return directory


def create(user: Principal, one: Knowledge, name: str, parent_id: str | None) -> Directory:
    """Make a directory.

    Raises:
        Invalid: The name is none, or taken at that place.
        NotFound: The parent is not in this knowledge base.
    """
    if parent_id is not None:
        find(one, parent_id)
    _check_name(one, parent_id, name)
    now = now_s()
    directory = Directory(
        id=new_id(),
        knowledge_id=one.id,
        parent_id=parent_id,
        user_id=user.id,
        name=name.strip(),
        created_at=now,
        updated_at=now,
    )
    db.session().add(directory)
    db.session().flush()
    return directory


def change(one: Knowledge, directory: Directory, name: str, parent_id: str | None) -> Directory:
    """Give a directory another name, another place, or both.

    Raises:
        Invalid: The name is none, or taken there; or it would lie inside itself.
        NotFound: The parent is not in this knowledge base.
    """
    if parent_id is not None:
        find(one, parent_id)
        if parent_id in _below(one, directory):
            raise Invalid("A directory cannot lie inside itself.")
    _check_name(one, parent_id, name, but=directory.id)
    directory.name, directory.parent_id = name.strip(), parent_id
    directory.updated_at = now_s()
    return directory


def _check_name(one: Knowledge, parent_id: str | None, name: str, but: str = "") -> None:
    db.lock_for_update(f"directories of {one.id}")
    shown = name.strip()
    if not shown or len(shown) > _MAX_NAME or "/" in shown or shown in (".", ".."):
        raise Invalid("A directory needs a name without slashes.")
    taken = {d.name for d in of(one) if d.parent_id == parent_id and d.id != but}
    if shown in taken:
        raise Invalid("There is a directory of this name already.")


def _below(one: Knowledge, directory: Directory) -> set[str]:
    """Give the ids of a directory and of those inside it."""
    found, all_of = {directory.id}, of(one)
    while more := {d.id for d in all_of if d.parent_id in found} - found:
        found |= more
    return found


def remove(user: Principal, one: Knowledge, directory: Directory, keep_files: bool) -> None:
    """Delete a directory with those inside it.

    Args:
        keep_files: Whether its files go to the directory above it, or out of the knowledge base.
    """
    inside = _below(one, directory)
    held = KnowledgeFile.directory_id.in_(inside), KnowledgeFile.knowledge_id == one.id
    if keep_files:
        lifted = update(KnowledgeFile).where(*held).values(directory_id=directory.parent_id)
        db.session().execute(lifted)
    else:
        ids = db.session().scalars(select(KnowledgeFile.file_id).where(*held)).all()
        for file in files.find_all(user, ids):
            knowledge.drop(user, one, file, with_file=True)
    db.session().execute(delete(Directory).where(Directory.id.in_(inside)))
    db.session().expire_all()


def put(one: Knowledge, file_id: str, directory_id: str | None) -> None:
    """Put a file of a knowledge base into a directory, or to the top.

    Raises:
        Invalid: The file is not in this knowledge base.
        NotFound: The directory is not.
    """
    if directory_id is not None:
        find(one, directory_id)
    place = db.session().get(KnowledgeFile, (one.id, file_id))
    if place is None:
        raise Invalid("The file is not in this knowledge base.")
    place.directory_id = directory_id


def place_of(one: Knowledge) -> dict[str, str | None]:
    """Tell in which directory each file of a knowledge base lies: file id → directory id."""
    query = select(KnowledgeFile.file_id, KnowledgeFile.directory_id).where(
        KnowledgeFile.knowledge_id == one.id
    )
    return {file_id: directory_id for file_id, directory_id in db.session().execute(query)}  # noqa: C416 -- rows are no pairs to the type checker


def trail(one: Knowledge, directory_id: str | None) -> list[Directory]:
    """Give the directories from the top down to one; none when it is the top."""
    by_id, found = {d.id: d for d in of(one)}, list[Directory]()
    while directory_id is not None and directory_id in by_id:
        found.insert(0, by_id[directory_id])
        directory_id = found[0].parent_id
    return found


def paths(one: Knowledge) -> dict[str, str]:
    """Give the path of each directory of a knowledge base, `a/b` → id."""
    return {
        "/".join(d.name for d in trail(one, directory.id)): directory.id for directory in of(one)
    }
