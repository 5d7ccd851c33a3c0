"""Chats: rows and message rows inside, the page's `chat.history` form outside."""

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import load_only

from shared import db
from shared.errors import Invalid, NotFound
from shared.ids import new_id, now_s
from shared.models.chat import Chat, ChatMessage, Tag
from shared.services import messages

PAGE_SIZE = 60
# Of titles that are made here; a client's own may be longer.
LONGEST_TITLE = 200
# Kept in columns or message rows; all else of a client's chat object stays in `data` as it came.
_TAKEN_APART = ("id", "title", "history", "messages")
_NEW = "New Chat"


def create(user_id: str, body: dict[str, Any], folder_id: str | None = None) -> Chat:
    """Store a new chat.

    Args:
        body: The client's chat object; its own `id` is ignored.

    Raises:
        Invalid: Its history is no tree of messages.
    """
    now = now_s()
    chat = Chat(
        id=new_id(),
        user_id=user_id,
        title=str(body.get("title") or _NEW),
        data=_rest(body),
        current_id=None,
        archived=False,
        pinned=False,
        meta={},
        folder_id=folder_id,
        created_at=now,
        updated_at=now,
    )
    db.session().add(chat)
    db.session().flush()
    _write_history(chat, body)
    return chat


def _rest(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in _TAKEN_APART}


def _write_history(chat: Chat, body: dict[str, Any]) -> None:
    history = body.get("history")
    if not isinstance(history, dict):
        return
    current_id = history.get("currentId") or chat.current_id
    if current_id is not None and not messages.is_id(current_id):
        raise Invalid("`history.currentId` is no id of a message.")
    chat.current_id = current_id
    messages.write_all(chat.id, history.get("messages") or {})


def merge(chat: Chat, body: dict[str, Any]) -> Chat:
    """Lay the top-level keys of a client's chat object over a stored one; only changed messages are
    written.

    Raises:
        Invalid: The client's history is no tree of messages.
    """
    if body.get("title"):
        chat.title = str(body["title"])
    rest = _rest(body)
    if any(chat.data.get(key) != value for key, value in rest.items()):
        chat.data = {**chat.data, **rest}
    chat.updated_at = now_s()
    _write_history(chat, body)
    return chat


def find(chat_id: str) -> Chat:
    """Give a chat.

    Raises:
        NotFound: There is none.
    """
    chat = db.session().get(Chat, chat_id)
    if chat is None:
        raise NotFound
    return chat


def remove(chat: Chat) -> None:
    """Delete a chat with its messages, and the tags that no other chat of its owner has."""
    tags = list(chat.meta.get("tags") or [])
    # Its messages go with it by the schema: the chat first, as everybody locks them.
    db.session().delete(chat)
    db.session().flush()
    _drop_unused_tags(chat.user_id, tags)


def listed(user_id: str, page: int | None) -> list[Chat]:
    """List a user's chats for the sidebar: not archived, not pinned, in no folder; newest change
    first.

    Args:
        page: From 1, of PAGE_SIZE chats; None for all.
    """
    query = (
        select(Chat)
        .options(load_only(Chat.id, Chat.title, Chat.updated_at, Chat.created_at))
        .where(
            Chat.user_id == user_id,
            Chat.archived.is_(False),
            Chat.pinned.is_(False),
            Chat.folder_id.is_(None),
        )
        .order_by(Chat.updated_at.desc(), Chat.id.desc())
    )
    if page is not None:
        query = query.offset((max(page, 1) - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    return list(db.session().scalars(query))


def pinned(user_id: str) -> list[Chat]:
    """List a user's pinned chats, newest change first."""
    query = select(Chat).where(
        Chat.user_id == user_id, Chat.pinned.is_(True), Chat.archived.is_(False)
    )
    return list(db.session().scalars(query.order_by(Chat.updated_at.desc(), Chat.id.desc())))


def archived(user_id: str) -> list[Chat]:
    """List a user's archived chats, newest change first."""
    query = select(Chat).where(Chat.user_id == user_id, Chat.archived.is_(True))
    return list(db.session().scalars(query.order_by(Chat.updated_at.desc(), Chat.id.desc())))


def all_of(user_id: str) -> list[Chat]:
    """List all chats of a user, wherever they are, newest change first."""
    query = select(Chat).where(Chat.user_id == user_id)
    return list(db.session().scalars(query.order_by(Chat.updated_at.desc(), Chat.id.desc())))


def tagged(user_id: str, name: str) -> list[Chat]:
    """List a user's chats that have a tag, newest change first."""
    return [chat for chat in all_of(user_id) if tag_id(name) in (chat.meta.get("tags") or ())]


def toggle_pin(chat: Chat) -> Chat:
    """Pin a chat, or take the pin out."""
    chat.pinned, chat.updated_at = not chat.pinned, now_s()
    return chat


def toggle_archive(chat: Chat) -> Chat:
    """Archive a chat, or bring it back."""
    chat.archived, chat.updated_at = not chat.archived, now_s()
    return chat


def archive_all(user_id: str) -> None:
    """Archive all chats of a user."""
    db.session().execute(update(Chat).where(Chat.user_id == user_id).values(archived=True))


def move(chat: Chat, folder_id: str | None) -> None:
    """Put a chat into a folder, or take it out; its pin goes."""
    chat.folder_id, chat.pinned, chat.updated_at = folder_id, False, now_s()


def set_title(chat_id: str, title: str) -> None:
    """Name a chat."""
    db.session().execute(update(Chat).where(Chat.id == chat_id).values(title=title))


def as_json(chat: Chat, rows: list[ChatMessage], running: dict[str, str]) -> dict[str, Any]:
    """Give a chat as the API shows it, its history put together from the message rows.

    Args:
        rows: All its messages.
        running: What answers that are still being written have so far, message id → content.
    """
    tree = messages.as_tree(rows, running)
    return {
        "id": chat.id,
        "user_id": chat.user_id,
        "title": chat.title,
        "chat": {
            **chat.data,
            "id": chat.id,
            "title": chat.title,
            "history": {"messages": tree, "currentId": chat.current_id},
            "messages": messages.branch(tree, chat.current_id),
        },
        "updated_at": chat.updated_at,
        "created_at": chat.created_at,
        "share_id": chat.share_id,
        "archived": chat.archived,
        "pinned": chat.pinned,
        "meta": chat.meta,
        "folder_id": chat.folder_id,
    }


def tags_of(user_id: str, ids: list[str] | None = None) -> list[Tag]:
    """List a user's tags, all or those named."""
    query = select(Tag).where(Tag.user_id == user_id).order_by(Tag.id)
    return list(db.session().scalars(query if ids is None else query.where(Tag.id.in_(ids))))


def replace_tags(chat: Chat, names: list[str]) -> None:
    """Give a chat these tags in place of those it has; "none" is no tag."""
    before = list(chat.meta.get("tags") or [])
    wanted = {tag_id(name): name for name in names if name.strip() and tag_id(name) != "none"}
    for wanted_id, name in wanted.items():
        db.session().merge(Tag(id=wanted_id, user_id=chat.user_id, name=name.strip(), meta=None))
    chat.meta = {**chat.meta, "tags": list(wanted)}
    db.session().flush()
    _drop_unused_tags(chat.user_id, [tag for tag in before if tag not in wanted])


def add_tag(chat: Chat, name: str) -> None:
    """Give a chat one more tag.

    Raises:
        Invalid: The name is empty, or "none", which stands for chats without tags.
    """
    added = tag_id(name)
    if added in ("", "none"):
        raise Invalid("Tag name cannot be 'None'")
    tags = list(chat.meta.get("tags") or [])
    if added not in tags:
        db.session().merge(Tag(id=added, user_id=chat.user_id, name=name.strip(), meta=None))
        chat.meta = {**chat.meta, "tags": [*tags, added]}
        db.session().flush()


def remove_tags(chat: Chat, ids: list[str]) -> None:
    """Take tags from a chat, and drop those that no other chat of its owner has."""
    kept = [tag for tag in chat.meta.get("tags") or [] if tag not in ids]
    chat.meta = {**chat.meta, "tags": kept}
    db.session().flush()
    _drop_unused_tags(chat.user_id, ids)


def tag_id(name: str) -> str:
    """Give the id of a tag: lower case, blanks as underscores."""
    return name.strip().replace(" ", "_").lower()


def _drop_unused_tags(user_id: str, ids: list[str]) -> None:
    if not ids:
        return
    metas = db.session().scalars(select(Chat.meta).where(Chat.user_id == user_id))
    used = {tag for meta in metas for tag in (meta.get("tags") or [])}
    unused = [tag for tag in ids if tag not in used]
    if unused:
        db.session().execute(delete(Tag).where(Tag.user_id == user_id, Tag.id.in_(unused)))
