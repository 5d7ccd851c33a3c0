"""Messages: rows of a chat's tree, taken apart when a client writes and put together when one
reads.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select, update

from shared import db
from shared.errors import Invalid
from shared.ids import new_id, now_s
from shared.models.chat import Chat, ChatMessage

# Kept in columns; all other fields of a message stay in `data` as they came.
_COLUMNS = ("id", "parentId", "childrenIds", "role", "content", "model")
LONGEST_ID = 128
_OPEN_BLOCK = '<details type="reasoning" done="false"'
_LONGEST_ROLE = 32


def of_chat(chat_id: str) -> list[ChatMessage]:
    """List all messages of a chat, parents' children in their order."""
    query = select(ChatMessage).where(ChatMessage.chat_id == chat_id)
    return list(
        db.session().scalars(
            query.order_by(ChatMessage.position, ChatMessage.created_at, ChatMessage.id)
        )
    )


def find(chat_id: str, message_id: str) -> ChatMessage | None:
    """Find one message."""
    return db.session().get(ChatMessage, (chat_id, message_id))


def write_all(chat_id: str, sent: dict[str, Any]) -> None:
    """Take a client's whole tree: write what is new or changed, delete what is gone.

    An answer that a job is still writing belongs to the job: a client that saves its older copy of
    the tree neither empties nor removes it.

    Raises:
        Invalid: It is no tree of messages.
    """
    if not isinstance(sent, dict):
        raise Invalid("`history.messages` must be an object: message id → message.")
    sent = {key: message for key, message in sent.items() if isinstance(message, dict)}
    for message_id, message in sent.items():
        _check(message_id, message)
    stored = {row.id: row for row in of_chat(chat_id)}
    places = _places(sent)
    for message_id, message in sent.items():
        _write(stored.get(message_id), chat_id, message_id, message, places.get(message_id, 0))
    for message_id, row in stored.items():
        if message_id not in sent and not row.is_running:
            db.session().delete(row)


def is_id(value: Any) -> bool:
    """Whether something may be the id of a message."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID and "\x00" not in value


def _check(message_id: str, sent: dict[str, Any]) -> None:
    fits = {
        "id": is_id(message_id),
        "parentId": sent.get("parentId") is None or is_id(sent["parentId"]),
        "childrenIds": isinstance(sent.get("childrenIds") or [], list),
        "role": isinstance(sent.get("role") or "", str)
        and len(sent.get("role") or "") <= _LONGEST_ROLE,
        "content": isinstance(sent.get("content") or "", str),
        "model": isinstance(sent.get("model") or "", str),
    }
    for name, is_fit in fits.items():
        if not is_fit:
            raise Invalid(f"`{name}` of the message '{message_id[:LONGEST_ID]}' cannot be stored.")


def _places(sent: dict[str, Any]) -> dict[str, int]:
    """Number the children of each message, and the roots, in the client's order."""
    roots = [name for name, message in sent.items() if message.get("parentId") is None]
    return {name: place for place, name in enumerate(roots)} | {
        child: place
        for message in sent.values()
        for place, child in enumerate(message.get("childrenIds") or [])
        if isinstance(child, str)
    }


def _write(
    row: ChatMessage | None, chat_id: str, message_id: str, sent: dict[str, Any], place: int
) -> None:
    now = now_s()
    if row is None:
        row = ChatMessage(
            chat_id=chat_id, id=message_id, is_running=False, content="", data={}, created_at=now
        )
        db.session().add(row)
    values = {
        "parent_id": sent.get("parentId"),
        "position": place,
        "role": sent.get("role") or "user",
        "model": sent.get("model") or row.model,
        **_contents(row, sent),
    }
    changed = {name: value for name, value in values.items() if getattr(row, name, None) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        row.updated_at = now


def _contents(row: ChatMessage, sent: dict[str, Any]) -> dict[str, Any]:
    data = {key: value for key, value in sent.items() if key not in _COLUMNS}
    content = sent.get("content") or ""
    if row.job_id is None:
        return {"content": content, "data": data}
    if row.is_running:
        return {"data": {**row.data, **data, "done": False}}
    if _is_earlier(content, data, row):
        return {"data": {**row.data, **{k: v for k, v in data.items() if k != "done"}}}
    return {"content": content, "data": {**row.data, **data}}


def _is_earlier(content: str, data: dict[str, Any], row: ChatMessage) -> bool:
    """Whether a copy is from before the end of the answer: a page that has asked several models
    saves all their answers when the first one is done, and that may arrive late.
    """
    if not content:
        return bool(row.content)
    is_part = row.content.startswith(content) or _OPEN_BLOCK in content
    return is_part and not data.get("done") and bool(row.data.get("done"))


def as_tree(rows: Iterable[ChatMessage], running: dict[str, str]) -> dict[str, Any]:
    """Put `history.messages` together: message id → message.

    Args:
        running: What answers that are still being written have so far.
    """
    rows = list(rows)
    children: dict[str, list[str]] = {}
    for row in rows:
        if row.parent_id is not None:
            children.setdefault(row.parent_id, []).append(row.id)
    return {row.id: _as_message(row, children.get(row.id, []), running.get(row.id)) for row in rows}


def _as_message(row: ChatMessage, children: list[str], so_far: str | None) -> dict[str, Any]:
    message = {
        **row.data,
        "id": row.id,
        "parentId": row.parent_id,
        "childrenIds": children,
        "role": row.role,
        "content": row.content if so_far is None else so_far,
    }
    if row.model is not None:
        message["model"] = row.model
    return message


def branch(tree: dict[str, Any], current_id: str | None) -> list[dict[str, Any]]:
    """List the messages from the root to the current one."""
    path: list[dict[str, Any]] = []
    seen: set[str] = set()
    while current_id in tree and current_id not in seen:
        seen.add(current_id)
        path.append(tree[current_id])
        current_id = tree[current_id]["parentId"]
    return path[::-1]


def start_answer(
    chat: Chat,
    message_id: str,
    job_id: str,
    model: str,
    before: str | None = "",
    question: dict[str, Any] | None = None,
) -> str:
    """Mark a message as being written by a job; makes the empty answer, and the question above it,
    when the client has not stored them.

    Args:
        before: What the job goes on from, as after the page's "continue"; None for whatever the
            message has.
        question: The user's message, in the form of a completion's `messages`.

    Returns:
        What stands before the job's answer; the row keeps it as its content while the job runs.
    """
    now = now_s()
    row = find(chat.id, message_id)
    if row is None:
        parent_id = _last_message(chat, message_id, question)
        row = _new(chat.id, message_id, parent_id, "assistant", "")
    row.job_id, row.is_running, row.model = job_id, True, model
    row.content = row.content if before is None else before
    row.data = {
        key: value for key, value in row.data.items() if key not in ("error", "done", "usage")
    }
    chat.current_id, chat.updated_at = message_id, now
    return row.content


def _new(
    chat_id: str, message_id: str, parent_id: str | None, role: str, content: str
) -> ChatMessage:
    now = now_s()
    row = ChatMessage(
        chat_id=chat_id,
        id=message_id,
        parent_id=parent_id,
        role=role,
        content=content,
        data={"timestamp": now},
        created_at=now,
        updated_at=now,
    )
    db.session().add(row)
    return row


def _last_message(chat: Chat, answer_id: str, question: dict[str, Any] | None) -> str | None:
    """Give the message that a new answer follows; stores the question if it is not there yet."""
    last = find(chat.id, chat.current_id) if chat.current_id else None
    last_id = last.id if last and last.id != answer_id else None
    if question is None or (last_id and last and last.role == "user"):
        return last_id
    text, images = _said(question)
    asked = _new(chat.id, new_id(), last_id, "user", text)
    if images:
        asked.data = {**asked.data, "files": [{"type": "image", "url": url} for url in images]}
    db.session().flush()
    return asked.id


def _said(message: dict[str, Any]) -> tuple[str, list[str]]:
    """Take the content of a completion's message apart: its text, and the addresses of images."""
    content = message.get("content")
    if not isinstance(content, list):
        return str(content or ""), []
    images = [part["image_url"] for part in content if part.get("image_url")]
    urls = [image.get("url") if isinstance(image, dict) else image for image in images]
    texts = [part.get("text") for part in content]
    return (
        "\n".join(text for text in texts if isinstance(text, str)),
        [url for url in urls if isinstance(url, str)],
    )


def finish_answer(
    chat_id: str, message_id: str, job_id: str, content: str, fields: dict[str, Any]
) -> bool:
    """Store what a job wrote, behind what stood there before.

    Returns:
        False when a newer job has the message, or message or chat is gone; then nothing is stored.
    """
    row = find(chat_id, message_id)
    if row is None or row.job_id != job_id or not row.is_running:
        return False
    now = now_s()
    # The chat before its messages, as everybody does who writes both: no two wait for each other.
    db.session().execute(update(Chat).where(Chat.id == chat_id).values(updated_at=now))
    row.content, row.is_running, row.updated_at = row.content + content, False, now
    row.data = {**row.data, **fields, "done": True}
    return True
