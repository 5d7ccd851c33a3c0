"""Chats: rows and message rows inside, the page's `chat.history` form outside."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, delete, func, select, tuple_, update

from shared import db
from shared.errors import Invalid, NotFound
from shared.ids import new_id, now_s
from shared.models.chat import Chat, ChatMessage
from shared.models.job import Job
from shared.services import chat_tags, message_trees, messages
from shared.services.messages import Message

PAGE_SIZE = 60
# Of titles that are made here; a client's own may be longer.
LONGEST_TITLE, LONGEST_OWN_TITLE = 200, 10_000
# What lists show of a chat: its id, title, updated_at, created_at.
Title = Row[str, str, int, int]
Titles = Select[str, str, int, int]
# Kept in columns or message rows; all else of a client's chat object stays in `data` as it came.
_TAKEN_APART = ("id", "title", "history", "messages")
_NEW = "New Chat"
_FOLLOWED_S = 60


def create(
    user_id: str, body: dict[str, Any], folder_id: str | None = None, **columns: Any
) -> Chat:
    """Store a new chat.

    Args:
        body: The client's chat object; its own `id` is ignored.
        columns: Of the row, for a chat that has a past: `pinned`, `meta`, `created_at`, ….

    Raises:
        Invalid: Its history is no tree of messages.
    """
    now = now_s()
    usual = {"archived": False, "pinned": False, "meta": {}, "created_at": now, "updated_at": now}
    chat = Chat(
        id=new_id(),
        user_id=user_id,
        title=_title_of(body) or _NEW,
        data=rest_of(body),
        current_id=None,
        folder_id=folder_id,
        **{**usual, **columns},
    )
    db.session().add(chat)
    db.session().flush()
    _write_history(chat, body)
    return chat


def clone(chat: Chat, user_id: str, title: str | None, running: dict[str, str]) -> Chat:
    """Copy a chat with its messages for somebody; the copy remembers what it was made from.

    Args:
        title: Of the copy; "Clone of …" without.
        running: What answers that are still being written have so far; the copy keeps it.
    """
    origin = {"originalChatId": chat.id, "branchPointMessageId": chat.current_id}
    copy = create(user_id, {**chat.data, **origin, "title": title or f"Clone of {chat.title}"})
    copy.current_id = chat.current_id
    messages.copy_all(chat.id, copy.id, running)
    return copy


def _title_of(body: dict[str, Any]) -> str:
    """Give a chat's title, which may have come from anywhere; empty for none."""
    return str(body.get("title") or "")[:LONGEST_OWN_TITLE]


def rest_of(body: dict[str, Any]) -> dict[str, Any]:
    """Give what of a client's chat object is kept as it came."""
    return {key: value for key, value in body.items() if key not in _TAKEN_APART}


def _write_history(chat: Chat, body: dict[str, Any]) -> list[Message] | None:
    history = body.get("history")
    if not isinstance(history, dict):
        return None
    current_id = history.get("currentId") or chat.current_id
    if current_id is not None and not messages.is_id(current_id):
        raise Invalid("`history.currentId` is no id of a message.")
    chat.current_id = current_id
    return messages.write_all(chat.id, history.get("messages") or {})


def merge(chat: Chat, body: dict[str, Any]) -> list[Message]:
    """Lay the top-level keys of a client's chat object over a stored one; only changed messages are
    written.

    Returns:
        Its messages as they are stored now.

    Raises:
        Invalid: The client's history is no tree of messages.
    """
    chat.title = _title_of(body) or chat.title
    rest = rest_of(body)
    if any(chat.data.get(key) != value for key, value in rest.items()):
        chat.data = {**chat.data, **rest}
    chat.updated_at = now_s()
    written = _write_history(chat, body)
    return messages.of_chat(chat.id) if written is None else written


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
    """Delete a chat with all that belongs to it, and the tags that no other chat of its owner
    has.
    """
    remove_all(chat.user_id, [chat.id])


def remove_all(user_id: str, ids: Sequence[str]) -> None:
    """Delete some chats of a user with all that belongs to them: messages, snapshots, old jobs,
    and the tags that no other chat of the user has.

    Args:
        ids: At most a few hundred: all go in one transaction.
    """
    db.flush()
    tags = chat_tags.of_chats(ids)
    # All but the jobs goes along by the schema: the chat first, as everybody locks them.
    db.session().execute(delete(Chat).where(Chat.id.in_(ids)))
    # Who follows a job that was just stopped still finds its end; those rows go by age.
    old = Job.finished_at < now_s() - _FOLLOWED_S
    db.session().execute(delete(Job).where(Job.chat_id.in_(ids), old))
    chat_tags.drop_unused(user_id, tags)


def titles(user_id: str) -> Titles:
    """Select all chats of a user as lists show them, newest change first; narrow it down by
    `where`.
    """
    return (
        select(Chat.id, Chat.title, Chat.updated_at, Chat.created_at)
        .where(Chat.user_id == user_id)
        .order_by(Chat.updated_at.desc(), Chat.id.desc())
    )


def page_of(query: Titles, page: int | None) -> list[Title]:
    """Read a page of a list.

    Args:
        page: From 1, of PAGE_SIZE chats; None for all.
    """
    if page is not None:
        query = query.offset((max(page, 1) - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    return list(db.session().execute(query))


def portion_of(query: Titles, skip: int, limit: int) -> list[Title]:
    """Read a piece of a list that is counted in chats and not in pages."""
    return list(db.session().execute(query.offset(skip).limit(limit)))


def neither_pinned_nor_archived(query: Titles) -> Titles:
    """Leave out of a list what the sidebar shows elsewhere."""
    return query.where(Chat.archived.is_(False), Chat.pinned.is_(False))


def changed_since(query: Titles, moment: int) -> Titles:
    """Leave out of a list what has not changed since a moment (seconds since the epoch)."""
    return query.where(Chat.updated_at >= moment)


def in_order(query: Titles, order_by: str, is_descending: bool) -> Titles:
    """Put a list into another order.

    Args:
        order_by: "title", "created_at" or "updated_at".
    """
    column = {"title": Chat.title, "created_at": Chat.created_at, "updated_at": Chat.updated_at}
    keys = (column[order_by], Chat.id)
    return query.order_by(None).order_by(*(key.desc() if is_descending else key for key in keys))


def listed(
    user_id: str, page: int | None = None, before: str | None = None, elsewhere: Sequence[str] = ()
) -> list[Title]:
    """List a user's chats for the sidebar: not archived, not pinned, in no folder; newest change
    first.

    Args:
        page: From 1, of PAGE_SIZE chats; None for all.
        before: Id of the last chat of the page before, in place of a number: then a page costs the
            same however deep it lies.
        elsewhere: "pinned", "folders": those that are shown elsewhere too.
    """
    query = titles(user_id).where(Chat.archived.is_(False))
    if "pinned" not in elsewhere:
        query = query.where(Chat.pinned.is_(False))
    if "folders" not in elsewhere:
        query = query.where(Chat.folder_id.is_(None))
    if before is None:
        return page_of(query, page)
    last = select(Chat.updated_at, Chat.id).where(Chat.id == before, Chat.user_id == user_id)
    place = db.session().execute(last).first() or (0, "")
    return page_of(query.where(tuple_(Chat.updated_at, Chat.id) < tuple_(*place)), 1)


def pinned(user_id: str) -> list[Title]:
    """List a user's pinned chats, newest change first."""
    return page_of(titles(user_id).where(Chat.pinned.is_(True), Chat.archived.is_(False)), None)


def archived(user_id: str) -> Titles:
    """Select a user's archived chats, newest change first."""
    return titles(user_id).where(Chat.archived.is_(True))


def count(query: Titles) -> int:
    """Count the chats of a list."""
    ids = query.with_only_columns(Chat.id).order_by(None).subquery()
    return db.session().scalar(select(func.count()).select_from(ids)) or 0


def all_of(user_id: str) -> list[Title]:
    """List all chats of a user, wherever they are, newest change first."""
    return page_of(titles(user_id), None)


def tagged(user_id: str, name: str) -> list[Title]:
    """List a user's chats that have a tag, newest change first."""
    return page_of(titles(user_id).where(chat_tags.has(chat_tags.tag_id(name))), None)


def everybodys_ids() -> list[str]:
    """List the ids of all chats of all users, oldest first."""
    return list(db.session().scalars(select(Chat.id).order_by(Chat.created_at, Chat.id)))


def whole(ids: Sequence[str]) -> list[tuple[Chat, list[Message]]]:
    """Load some chats with their messages, in the order of the ids; what is gone is left out."""
    rows = {chat.id: chat for chat in db.session().scalars(select(Chat).where(Chat.id.in_(ids)))}
    of = messages.of_chats(list(rows))
    return [(rows[chat_id], of[chat_id]) for chat_id in ids if chat_id in rows]


def toggle_pin(chat: Chat) -> Chat:
    """Pin a chat, or take the pin out."""
    chat.pinned, chat.updated_at = not chat.pinned, now_s()
    return chat


def toggle_archive(chat: Chat) -> Chat:
    """Archive a chat, or bring it back."""
    chat.archived, chat.updated_at = not chat.archived, now_s()
    return chat


def archive_all(user_id: str, is_archived: bool = True) -> None:
    """Archive all chats of a user, or bring them all back."""
    mine = update(Chat).where(Chat.user_id == user_id)
    db.session().execute(mine.values(archived=is_archived))


def fork(chat: Chat, rows: Sequence[Message], message_id: str) -> Chat:
    """Copy a chat up to one of its messages, for its owner; the copy lies where the chat lies.

    Raises:
        NotFound: The chat has no such message.
    """
    tree = message_trees.as_tree(rows, {})
    if message_id not in tree:
        raise NotFound
    branch = [dict(one) for one in message_trees.branch(tree, message_id)]
    for one, following in zip(branch, [*branch[1:], None], strict=True):
        one["childrenIds"] = [following["id"]] if following else []
    origin = {"originalChatId": chat.id, "branchPointMessageId": message_id}
    history = {"messages": {one["id"]: one for one in branch}, "currentId": message_id}
    body = {**chat.data, **origin, "title": chat.title, "history": history}
    meta = {"forked_from": chat.id, "forked_from_message_id": message_id}
    copy = create(chat.user_id, body, chat.folder_id, pinned=chat.pinned, meta=meta)
    names = [tag.name for tag in chat_tags.of_user(chat.user_id, chat_tags.of(chat))]
    chat_tags.replace(copy, names)
    return copy


def move(chat: Chat, folder_id: str | None) -> None:
    """Put a chat into a folder, or take it out; its pin goes."""
    chat.folder_id, chat.pinned, chat.updated_at = folder_id, False, now_s()


def note_share(chat_id: str, share_id: str) -> None:
    """Note under which id a chat is shared."""
    db.session().execute(update(Chat).where(Chat.id == chat_id).values(share_id=share_id))


def set_title(chat_id: str, title: str) -> None:
    """Name a chat."""
    db.session().execute(update(Chat).where(Chat.id == chat_id).values(title=title))


def as_json(
    chat: Chat, rows: Sequence[Message | ChatMessage], running: dict[str, str]
) -> dict[str, Any]:
    """Give a chat as the API shows it, its history put together from the message rows.

    Args:
        rows: All its messages.
        running: What answers that are still being written have so far, message id → content.
    """
    tree = message_trees.as_tree(rows, running)
    return {
        "id": chat.id,
        "user_id": chat.user_id,
        "title": chat.title,
        "chat": {
            **chat.data,
            "id": chat.id,
            "title": chat.title,
            "history": {"messages": tree, "currentId": chat.current_id},
            "messages": message_trees.branch(tree, chat.current_id),
        },
        "updated_at": chat.updated_at,
        "created_at": chat.created_at,
        "share_id": chat.share_id,
        "archived": chat.archived,
        "pinned": chat.pinned,
        "meta": chat.meta,
        "folder_id": chat.folder_id,
    }
