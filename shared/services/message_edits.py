"""Changes of single messages by their readers: another text, and what events say of them."""

from collections.abc import Iterable
from typing import Any

from shared import db
from shared.errors import Invalid
from shared.ids import now_s
from shared.models.chat import Chat, ChatMessage
from shared.services import messages

# Of a message that a filter gives back: what says which one it is, and what has its own column.
_NOT_DATA = ("id", "role", "content", "parentId", "childrenIds", "model")


def write_one(chat: Chat, message_id: str, content: str) -> ChatMessage:
    """Give one message another text, and let the chat go on from it; one that is not there yet
    follows the chat's current one.

    Raises:
        Invalid: A job is writing it, or it has no id.
    """
    messages.wait_for(chat.id)
    row = messages.find(chat.id, message_id) or _following(chat, message_id)
    if row.is_running:
        raise Invalid("This message is being written. Stop it first, or wait for its end.")
    row.content, row.updated_at = content, now_s()
    chat.current_id, chat.updated_at = message_id, row.updated_at
    db.session().flush()
    return row


def _following(chat: Chat, message_id: str) -> ChatMessage:
    """Make an empty message that follows a chat's current one."""
    if not messages.is_id(message_id):
        raise Invalid("This is no id of a message.")
    parent = messages.find(chat.id, chat.current_id) if chat.current_id else None
    role = "assistant" if parent is not None and parent.role == "user" else "user"
    return messages.new(chat.id, message_id, parent.id if parent is not None else None, role, "")


def amend(
    place: tuple[str, str], whole: str | None, more: str, fields: dict[str, list[Any]]
) -> None:
    """Keep what somebody beside the model has written into an answer; nothing is kept of what a job
    is writing, or of what is gone.

    Args:
        place: Ids of the chat and the message.
        whole: Another text for it; None keeps the one that it has.
        more: Appended.
        fields: Appended to what the message has under these names; `files` takes their place.
    """
    chat_id, message_id = place
    if whole is None and not more and not fields:
        return
    messages.wait_for(chat_id)
    row = messages.find(chat_id, message_id)
    if row is None or row.is_running:
        return
    row.content, row.updated_at = (row.content if whole is None else whole) + more, now_s()
    lists = {n: [*(row.data.get(n) or []), *v] for n, v in fields.items() if n != "files"}
    files = {"files": fields["files"]} if "files" in fields else {}
    row.data = {**row.data, **lists, **files}


def note_event(chat: Chat, message_id: str, kind: str, data: dict[str, Any]) -> None:
    """Keep what an event says of a message: "status", "message" (more text) or "replace" (another
    text); other kinds are for those who listen only.

    Raises:
        Invalid: A job is writing the message's text, or the text is none.
    """
    if kind == "status":
        row = messages.find(chat.id, message_id)
        if row is not None:
            row.data = {**row.data, "statusHistory": [*(row.data.get("statusHistory") or []), data]}
    elif kind in ("message", "replace"):
        text = data.get("content", "")
        if not isinstance(text, str):
            raise Invalid("`data.content` must be a text.")
        row = messages.find(chat.id, message_id)
        before = row.content if row is not None and kind == "message" else ""
        write_one(chat, message_id, before + text)


def keep_filtered(chat_id: str, changed: Iterable[dict[str, Any]]) -> None:
    """Keep what outlet filters have made of messages that were there before the answer; those that
    a job is writing, or that are gone, are left alone.

    Args:
        changed: Messages as the filters gave them, each with its `id`.
    """
    for one in changed:
        row = messages.find(chat_id, str(one["id"]))
        if row is None or row.is_running:
            continue
        content = one.get("content")
        others = {name: value for name, value in one.items() if name not in _NOT_DATA}
        if isinstance(content, str) and content != row.content:
            others.setdefault("originalContent", row.content)
            row.content = content
        row.data, row.updated_at = {**row.data, **others}, now_s()
