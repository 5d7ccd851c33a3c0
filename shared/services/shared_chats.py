"""Shared chats: snapshots that other members may read, as they were when they were shared."""

from typing import Any

from sqlalchemy import delete, select, update

from shared import db
from shared.ids import new_id, now_s
from shared.models.chat import Chat, SharedChat

# The contract's owner of a snapshot, before the id of its chat.
OWNER = "shared-"


def share(chat: Chat, body: dict[str, Any]) -> SharedChat:
    """Take a snapshot of a chat, in place of an older one, under the same id.

    Args:
        body: The chat's page form, see `chats.as_json`.
    """
    now = now_s()
    shared = of(chat)
    if shared is None:
        shared = SharedChat(id=new_id(), chat_id=chat.id, created_at=now)
        db.session().add(shared)
    shared.title, shared.chat, shared.updated_at = chat.title, body, now
    chat.share_id = shared.id
    db.session().flush()
    return shared


def of(chat: Chat) -> SharedChat | None:
    """Find the snapshot of a chat."""
    return db.session().scalar(select(SharedChat).where(SharedChat.chat_id == chat.id))


def find(share_id: str) -> SharedChat | None:
    """Find a snapshot by its own id."""
    return db.session().get(SharedChat, share_id)


def unshare(chat: Chat) -> bool:
    """Delete the snapshot of a chat; whether there was one."""
    was_shared, chat.share_id = chat.share_id is not None, None
    db.session().execute(delete(SharedChat).where(SharedChat.chat_id == chat.id))
    return was_shared


def unshare_all(user_id: str) -> None:
    """Delete the snapshots of all chats of a user."""
    mine = select(Chat.id).where(Chat.user_id == user_id, Chat.share_id.is_not(None))
    db.session().execute(delete(SharedChat).where(SharedChat.chat_id.in_(mine)))
    db.session().execute(update(Chat).where(Chat.id.in_(mine)).values(share_id=None))


def as_json(shared: SharedChat) -> dict[str, Any]:
    """Give a snapshot as the API shows it: a chat that belongs to nobody."""
    return {
        "id": shared.id,
        "user_id": OWNER + shared.chat_id,
        "title": shared.title,
        "chat": {**shared.chat, "id": shared.id},
        "updated_at": shared.updated_at,
        "created_at": shared.created_at,
        # The contract has null here; newer clients look for the id of the snapshot.
        "share_id": shared.id,
        "archived": False,
        "pinned": False,
        "meta": {},
        "folder_id": None,
    }


def as_new(shared: SharedChat) -> dict[str, Any]:
    """Give the body of a new chat that goes on from a snapshot."""
    history = shared.chat.get("history") or {}
    return {
        **shared.chat,
        "title": f"Clone of {shared.title}",
        "originalChatId": shared.chat_id,
        "branchPointMessageId": history.get("currentId"),
    }
