"""Tags of chats: in the chat's `meta`, as the contract shows them, and as rows to be searched."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, delete, exists, select

from shared import db
from shared.errors import Invalid
from shared.models.chat import Chat, ChatTag, Tag

# Stands for chats without tags.
NONE = "none"
_LONGEST_ID = 256


def tag_id(name: str) -> str:
    """Give the id of a tag: lower case, blanks as underscores."""
    return name.strip().replace(" ", "_").lower()


def of_user(user_id: str, ids: list[str] | None = None) -> list[Tag]:
    """List a user's tags, all or those named."""
    query = select(Tag).where(Tag.user_id == user_id).order_by(Tag.id)
    return list(db.session().scalars(query if ids is None else query.where(Tag.id.in_(ids))))


def of(chat: Chat) -> list[str]:
    """List the ids of a chat's tags."""
    return list(chat.meta.get("tags") or [])


def of_chats(chat_ids: Sequence[str]) -> list[str]:
    """List the ids of all tags that some chats have."""
    query = select(ChatTag.tag_id).where(ChatTag.chat_id.in_(chat_ids)).distinct()
    return list(db.session().scalars(query))


def has(wanted: str) -> ColumnElement[bool]:
    """Give the condition that a chat has a tag."""
    return Chat.id.in_(
        select(ChatTag.chat_id).where(ChatTag.user_id == Chat.user_id, ChatTag.tag_id == wanted)
    )


def has_none() -> ColumnElement[bool]:
    """Give the condition that a chat has no tag."""
    return ~exists().where(ChatTag.chat_id == Chat.id)


def replace(chat: Chat, names: Iterable[str]) -> None:
    """Give a chat these tags in place of those it has; "none" is no tag."""
    before = of(chat)
    wanted: dict[str, str | None] = {
        tag_id(name): name.strip()
        for name in names
        if name.strip() and tag_id(name) != NONE and len(name) <= _LONGEST_ID
    }
    _write(chat, wanted)
    drop_unused(chat.user_id, [tag for tag in before if tag not in wanted])


def add(chat: Chat, name: str) -> None:
    """Give a chat one more tag.

    Raises:
        Invalid: The name is empty, or "none", which stands for chats without tags.
    """
    added = tag_id(name)
    if added in ("", NONE):
        raise Invalid("Tag name cannot be 'None'")
    if added not in of(chat):
        _write(chat, {**dict.fromkeys(of(chat)), added: name.strip()})


def _write(chat: Chat, wanted: dict[str, str | None]) -> None:
    """Set a chat's tags.

    Args:
        wanted: Ids with their names; None for those that the user has already.
    """
    _wait_for(chat.user_id)
    session = db.session()
    known = {tag.id for tag in of_user(chat.user_id, list(wanted))}
    session.add_all(
        Tag(id=wanted_id, user_id=chat.user_id, name=name, meta=None)
        for wanted_id, name in wanted.items()
        if name is not None and wanted_id not in known
    )
    chat.meta = {**chat.meta, "tags": list(wanted)}
    session.flush()
    session.execute(delete(ChatTag).where(ChatTag.chat_id == chat.id))
    rows = [
        ChatTag(chat_id=chat.id, tag_id=wanted_id, user_id=chat.user_id) for wanted_id in wanted
    ]
    session.add_all(rows)
    session.flush()


def _wait_for(user_id: str) -> None:
    """Let only one at a time change a user's tags: two chats may get the same new one at once."""
    db.lock_for_update(f"tags of {user_id}")


def remove(chat: Chat, ids: Sequence[str]) -> None:
    """Take tags from a chat, and drop those that no other chat of its owner has."""
    _write(chat, dict.fromkeys(tag for tag in of(chat) if tag not in ids))
    drop_unused(chat.user_id, ids)


def drop_unused(user_id: str, ids: Sequence[str]) -> None:
    """Drop those of some tags that no chat of their user has any more."""
    if not ids:
        return
    _wait_for(user_id)
    is_used = exists().where(ChatTag.user_id == user_id, ChatTag.tag_id == Tag.id)
    unused = delete(Tag).where(Tag.user_id == user_id, Tag.id.in_(ids), ~is_used)
    db.session().execute(unused.execution_options(synchronize_session=False))
