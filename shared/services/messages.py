"""Messages: rows of a chat's tree, taken apart when a client writes and put together when one
reads.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, literal, select, update

from shared import db
from shared.errors import Invalid
from shared.ids import new_id, now_s
from shared.models.chat import Chat, ChatMessage
from shared.services import orphans

# Kept in columns; all other fields of a message stay in `data` as they came.
_COLUMNS = ("id", "parentId", "childrenIds", "role", "content", "model")
LONGEST_ID = 128
_OPEN_BLOCK = '<details type="reasoning" done="false"'
_LONGEST_ROLE = 32


class Message(NamedTuple):
    """A stored message, as it is read: rows of the ORM would cost three times as much."""

    chat_id: str
    id: str
    parent_id: str | None
    position: int
    role: str
    content: str
    model: str | None
    job_id: str | None
    is_running: bool
    data: dict[str, Any]


_READ = select(*(getattr(ChatMessage, name) for name in Message._fields)).order_by(
    ChatMessage.chat_id, ChatMessage.position, ChatMessage.created_at, ChatMessage.id
)
_OF_CHATS = _READ.where(ChatMessage.chat_id.in_(bindparam("chats", expanding=True)))
_OF_CHAT = _READ.where(ChatMessage.chat_id == bindparam("chat"))
_THIS = (ChatMessage.chat_id == bindparam("this_chat"), ChatMessage.id == bindparam("this_id"))


def of_chat(chat_id: str) -> list[Message]:
    """List all messages of a chat, parents' children in their order."""
    db.flush()
    return [Message(*row) for row in db.connection().execute(_OF_CHAT, {"chat": chat_id})]


def of_chats(chat_ids: Sequence[str]) -> dict[str, list[Message]]:
    """List all messages of some chats: chat id → messages, as `of_chat`."""
    db.flush()
    found: dict[str, list[Message]] = {chat_id: [] for chat_id in chat_ids}
    for row in db.connection().execute(_OF_CHATS, {"chats": list(chat_ids)}):
        found[row[0]].append(Message(*row))
    return found


def find(chat_id: str, message_id: str) -> ChatMessage | None:
    """Find one message."""
    return db.session().get(ChatMessage, (chat_id, message_id))


def path_to(chat_id: str, message_id: str, most: int) -> list[ChatMessage]:
    """List the messages that lead to one, from the root on, by single look-ups.

    Args:
        most: How many are looked up; a longer path lacks its beginning.
    """
    path: list[ChatMessage] = []
    wanted: str | None = message_id
    while wanted is not None and len(path) < most and (row := find(chat_id, wanted)) is not None:
        path.append(row)
        wanted = row.parent_id
    return path[::-1]


def write_all(chat_id: str, sent: dict[str, Any]) -> list[Message]:
    """Take a client's whole tree: write what is new or changed, delete what is gone.

    An answer that a job is still writing belongs to the job: a client that saves its older copy of
    the tree neither empties nor removes it.

    Returns:
        What is stored now, as `of_chat`.

    Raises:
        Invalid: It is no tree of messages.
    """
    if not isinstance(sent, dict):
        raise Invalid("`history.messages` must be an object: message id → message.")
    sent = {key: message for key, message in sent.items() if isinstance(message, dict)}
    for message_id, message in sent.items():
        _check(message_id, message)
    wait_for(chat_id)
    stored = {row.id: row for row in of_chat(chat_id)}
    if any(row.is_running for row in stored.values()) and orphans.let_go(chat_id):
        stored = {row.id: row for row in of_chat(chat_id)}
    places = _places(sent)
    values = {
        message_id: _values(stored.get(message_id), message, places.get(message_id, 0))
        for message_id, message in sent.items()
    }
    new = {name: of for name, of in values.items() if name not in stored}
    changed = {name: _changed(row, values.get(name, {})) for name, row in stored.items()}
    gone = [row.id for row in stored.values() if row.id not in sent and not row.is_running]
    _insert(chat_id, new)
    _change(chat_id, changed)
    _delete(chat_id, gone)
    if new or gone or any("position" in of for of in changed.values()):
        return of_chat(chat_id)
    # Most saves change a message or two: their chat is not read once more.
    return [row._replace(**changed[name]) for name, row in stored.items()]


def wait_for(chat_id: str) -> None:
    """Let only one transaction at a time write messages of a chat: a page's save and the end of an
    answer both read first, and must not undo each other.
    """
    db.lock_for_update(f"chat {chat_id}")


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


def _values(row: Message | None, sent: dict[str, Any], place: int) -> dict[str, Any]:
    """Give the columns of a message as a client wants them."""
    model = sent.get("model") or (row.model if row is not None else None)
    return {
        "parent_id": sent.get("parentId"),
        "position": place,
        "role": sent.get("role") or "user",
        "model": model,
        **_contents(row, sent),
    }


def _changed(row: Message, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if getattr(row, name) != value}


def _insert(chat_id: str, new: dict[str, dict[str, Any]]) -> None:
    if new:
        add_rows(_rows(chat_id, new))


def _rows(chat_id: str, new: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    now = now_s()
    always = {"chat_id": chat_id, "is_running": False, "created_at": now, "updated_at": now}
    return [{**always, "id": name, **values} for name, values in new.items()]


def rows_of(chat_id: str, sent: dict[str, Any]) -> list[dict[str, Any]]:
    """Take the tree of a chat apart that has no messages yet; see `add_rows`.

    Raises:
        Invalid: It is no tree of messages.
    """
    for message_id, message in sent.items():
        _check(message_id, message)
    places = _places(sent)
    return _rows(chat_id, {n: _values(None, one, places.get(n, 0)) for n, one in sent.items()})


def add_rows(rows: list[dict[str, Any]]) -> None:
    """Store new messages."""
    if rows:
        db.connection().execute(insert(ChatMessage), rows)


def _change(chat_id: str, changed: dict[str, dict[str, Any]]) -> None:
    now = now_s()
    for message_id, values in changed.items():
        if values:
            db.connection().execute(
                update(ChatMessage).where(*_THIS).values(**values, updated_at=now),
                {"this_chat": chat_id, "this_id": message_id},
            )


def _delete(chat_id: str, gone: list[str]) -> None:
    if gone:
        db.connection().execute(
            delete(ChatMessage).where(*_THIS),
            [{"this_chat": chat_id, "this_id": message_id} for message_id in gone],
        )


def copy_all(chat_id: str, copy_id: str, running: dict[str, str]) -> None:
    """Copy all messages of a chat into another one, which has none.

    Args:
        running: What answers that are still being written have so far; their copies end there.
    """
    table = ChatMessage.__table__
    fixed = {"chat_id": copy_id, "job_id": None, "is_running": False}
    names = [column.name for column in table.columns]
    source = select(
        *(literal(fixed[n], table.c[n].type).label(n) if n in fixed else table.c[n] for n in names)
    ).where(ChatMessage.chat_id == chat_id)
    db.flush()
    db.connection().execute(insert(ChatMessage).from_select(names, source))
    _change(copy_id, {name: {"content": content} for name, content in running.items()})


def _contents(row: Message | None, sent: dict[str, Any]) -> dict[str, Any]:
    data = {key: value for key, value in sent.items() if key not in _COLUMNS}
    content = sent.get("content") or ""
    if row is None or row.job_id is None:
        return {"content": content, "data": data}
    if row.is_running:
        return {"data": {**row.data, **data, "done": False}}
    if _is_earlier(content, data, row):
        return {"data": {**row.data, **{k: v for k, v in data.items() if k != "done"}}}
    return {"content": content, "data": {**row.data, **data}}


def _is_earlier(content: str, data: dict[str, Any], row: Message) -> bool:
    """Whether a copy is from before the end of the answer: a page that has asked several models
    saves all their answers when the first one is done, and that may arrive late.
    """
    if not content:
        return bool(row.content)
    is_part = row.content.startswith(content) or _OPEN_BLOCK in content
    return is_part and not data.get("done") and bool(row.data.get("done"))


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
    wait_for(chat.id)
    row = find(chat.id, message_id)
    if row is None:
        parent_id = _last_message(chat, message_id, question)
        row = new(chat.id, message_id, parent_id, "assistant", "")
    row.job_id, row.is_running, row.model = job_id, True, model
    row.content = row.content if before is None else before
    row.data = {
        key: value for key, value in row.data.items() if key not in ("error", "done", "usage")
    }
    chat.current_id, chat.updated_at = message_id, now
    return row.content


def new(
    chat_id: str, message_id: str, parent_id: str | None, role: str, content: str
) -> ChatMessage:
    """Add a message to a chat."""
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
    asked = new(chat.id, new_id(), last_id, "user", text)
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
    chat_id: str,
    message_id: str,
    job_id: str,
    content: str,
    fields: dict[str, Any],
    *,
    is_whole: bool = False,
) -> bool:
    """Store what a job wrote, behind what stood there before.

    Args:
        is_whole: Whether the content has what stood there before in it.

    Returns:
        False when a newer job has the message, or message or chat is gone; then nothing is stored.
    """
    now = now_s()
    wait_for(chat_id)
    # The chat before its messages, as everybody does who writes both: no two wait for each other,
    # and nobody deletes it meanwhile.
    db.session().execute(update(Chat).where(Chat.id == chat_id).values(updated_at=now))
    row = find(chat_id, message_id)
    if row is None or row.job_id != job_id or not row.is_running:
        return False
    row.content = content if is_whole else row.content + content
    row.is_running, row.updated_at = False, now
    row.data = {**row.data, **fields, "done": True}
    return True


def add_fields(chat_id: str, message_id: str, fields: dict[str, Any]) -> None:
    """Add to what a message holds beside its text; one that is gone is left alone."""
    wait_for(chat_id)
    row = find(chat_id, message_id)
    if row is not None:
        row.data = {**row.data, **fields}
