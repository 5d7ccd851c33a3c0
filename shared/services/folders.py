"""Folders: a tree per user, with chats at its nodes."""

from typing import Any

from sqlalchemy import delete, select, update

from shared import db
from shared.errors import Invalid, NotFound
from shared.ids import new_id, now_s
from shared.models.chat import Chat
from shared.models.folder import Folder
from shared.services import access, chats
from shared.services.accounts import Principal
from shared.services.chats import Titles


def find(user: Principal, folder_id: str, action: str = "read") -> Folder:
    """Give a folder to those who may have it.

    Raises:
        NotFound: There is none, or not for this user; the two are not told apart.
    """
    folder = db.session().get(Folder, folder_id)
    if folder is None or not access.can(user, action, folder):
        raise NotFound
    return folder


def listed(user_id: str) -> list[Folder]:
    """List all folders of a user, newest change first."""
    query = select(Folder).where(Folder.user_id == user_id)
    return list(db.session().scalars(query.order_by(Folder.updated_at.desc(), Folder.id.desc())))


def contents(user_id: str, folder_ids: list[str]) -> dict[str, list[dict[str, str]]]:
    """List which chats lie in some folders, as the sidebar shows them: neither archived nor pinned.

    Returns:
        Folder id → its chats' ids and titles, newest change first.
    """
    query = select(Chat.folder_id, Chat.id, Chat.title).where(
        Chat.user_id == user_id,
        Chat.folder_id.in_(folder_ids),
        Chat.archived.is_(False),
        Chat.pinned.is_(False),
    )
    found: dict[str, list[dict[str, str]]] = {folder_id: [] for folder_id in folder_ids}
    for folder_id, chat_id, title in db.session().execute(
        query.order_by(Chat.updated_at.desc(), Chat.id.desc())
    ):
        found[str(folder_id)].append({"id": chat_id, "title": title})
    return found


def create(
    user: Principal, name: str, parent_id: str | None, more: dict[str, Any] | None = None
) -> Folder:
    """Make a folder.

    Args:
        more: What clients keep with it: `meta` and `data`.

    Raises:
        Invalid: There is one of this name at that place, in any case.
        NotFound: The parent is not there.
    """
    if parent_id is not None:
        find(user, parent_id, "write")
    _check_name(user.id, parent_id, name)
    now = now_s()
    folder = Folder(
        id=new_id(),
        parent_id=parent_id,
        user_id=user.id,
        name=name.strip(),
        meta=(more or {}).get("meta"),
        data=(more or {}).get("data"),
        is_expanded=False,
        created_at=now,
        updated_at=now,
    )
    db.session().add(folder)
    return folder


def rename(folder: Folder, name: str | None, more: dict[str, Any] | None = None) -> Folder:
    """Give a folder another name.

    Args:
        name: None leaves it.
        more: What clients keep with it, where it changes: `meta` and `data`.

    Raises:
        Invalid: There is one of this name beside it, in any case.
    """
    if name is not None:
        _check_name(folder.user_id, folder.parent_id, name, but=folder.id)
        folder.name = name.strip()
    folder.updated_at = now_s()
    for key in ("meta", "data"):
        if key in (more or {}):
            setattr(folder, key, (more or {})[key])
    return folder


def move(user: Principal, folder: Folder, parent_id: str | None) -> Folder:
    """Put a folder into another, or to the top.

    Raises:
        Invalid: It would lie inside itself, or beside one of its name.
        NotFound: The parent is not there.
    """
    if parent_id is not None:
        find(user, parent_id, "write")
        if parent_id in subtree(folder):
            raise Invalid("A folder cannot lie inside itself.")
    _check_name(folder.user_id, parent_id, folder.name, but=folder.id)
    folder.parent_id, folder.updated_at = parent_id, now_s()
    return folder


def set_expanded(folder: Folder, is_expanded: bool) -> Folder:
    """Remember whether the sidebar shows what is inside."""
    folder.is_expanded, folder.updated_at = is_expanded, now_s()
    return folder


def subtree(folder: Folder) -> list[str]:
    """List the ids of a folder and of all folders below it."""
    ids, level = [folder.id], [folder.id]
    while level:
        query = select(Folder.id).where(Folder.parent_id.in_(level), Folder.id.not_in(ids))
        level = list(db.session().scalars(query))
        ids += level
    return ids


def chats_below(folder: Folder) -> Titles:
    """Select all chats in a folder and in those below it, archived and pinned ones too."""
    return chats.titles(folder.user_id).where(Chat.folder_id.in_(subtree(folder)))


def remove(folder: Folder) -> None:
    """Delete a folder with those below it; its chats are the caller's to delete first. Those that
    are still there stay, in no folder.
    """
    gone = subtree(folder)
    db.session().execute(update(Chat).where(Chat.folder_id.in_(gone)).values(folder_id=None))
    db.session().execute(delete(Folder).where(Folder.id.in_(gone)))


def _check_name(user_id: str, parent_id: str | None, name: str, but: str = "") -> None:
    db.lock_for_update(f"folders of {user_id}")
    if not name.strip():
        raise Invalid("A folder needs a name.")
    beside = select(Folder.name).where(
        Folder.user_id == user_id, Folder.parent_id == parent_id, Folder.id != but
    )
    # Compared here: SQLite knows the cases of ASCII letters only.
    if name.strip().casefold() in {taken.casefold() for taken in db.session().scalars(beside)}:
        raise Invalid("A folder of this name exists already.")
