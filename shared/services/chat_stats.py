"""What can be counted in chats: messages, models, lengths, and how long answers took."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from shared.models.chat import Chat
from shared.services import chat_tags, message_trees
from shared.services.messages import Message

Numbers = dict[str, Any]


def of_chat(chat: Chat, rows: Sequence[Message]) -> Numbers:
    """Count what is in a chat: in the current branch, and in its whole tree ("history")."""
    branch = _branch(chat, rows)
    asked = [row for row in rows if row.role == "user"]
    answered = [row for row in rows if row.role == "assistant"]
    return {
        "average_response_time": _average(_waits(rows)),
        "average_user_message_content_length": _average(len(row.content) for row in asked),
        "average_assistant_message_content_length": _average(len(r.content) for r in answered),
        "models": _models(branch),
        "message_count": len(branch),
        "history_models": _models(rows),
        "history_message_count": len(rows),
        "history_user_message_count": len(asked),
        "history_assistant_message_count": len(answered),
    }


def summary(chat: Chat, rows: Sequence[Message]) -> Numbers:
    """Give a chat's numbers with its times and tags."""
    return {
        "id": chat.id,
        **of_chat(chat, rows),
        "tags": chat_tags.of(chat),
        "last_message_at": max((_time(row) or 0 for row in rows), default=chat.updated_at),
        "updated_at": chat.updated_at,
        "created_at": chat.created_at,
    }


def export(chat: Chat, rows: Sequence[Message]) -> Numbers:
    """Give a chat's numbers and those of each message, without any words."""
    of = {row.id: _of_message(row) for row in rows}
    return {
        "id": chat.id,
        "user_id": chat.user_id,
        "created_at": chat.created_at,
        "updated_at": chat.updated_at,
        "tags": chat_tags.of(chat),
        "stats": of_chat(chat, rows),
        "chat": {"history": {"messages": of, "currentId": chat.current_id}},
    }


def _of_message(row: Message) -> Numbers:
    usage, rated = row.data.get("usage"), row.data.get("annotation")
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return {
        "id": row.id,
        "role": row.role,
        "model": row.model,
        "content_length": len(row.content),
        "token_count": tokens if isinstance(tokens, int) else None,
        "timestamp": _time(row),
        "rating": rated.get("rating") if isinstance(rated, dict) else None,
        "tags": rated.get("tags") if isinstance(rated, dict) else None,
    }


def _branch(chat: Chat, rows: Sequence[Message]) -> list[Message]:
    by_id = {row.id: row for row in rows}
    return [
        by_id[one["id"]]
        for one in message_trees.branch(message_trees.as_tree(rows, {}), chat.current_id)
    ]


def _models(rows: Iterable[Message]) -> dict[str, int]:
    return dict(Counter(row.model for row in rows if row.model and row.role == "assistant"))


def _waits(rows: Sequence[Message]) -> list[int]:
    """List the seconds between questions and their answers, where both are known."""
    by_id = {row.id: row for row in rows}
    pairs = [
        (_time(by_id[row.parent_id]), _time(row))
        for row in rows
        if row.role == "assistant" and row.parent_id in by_id
    ]
    return [late - early for early, late in pairs if early and late and late >= early]


def _time(row: Message) -> int | None:
    """Give a message's time as its writer has it, in seconds since the epoch."""
    found = row.data.get("timestamp")
    return int(found) if isinstance(found, int | float) else None


def _average(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0
