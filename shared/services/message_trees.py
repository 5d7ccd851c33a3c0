"""The tree of a chat's messages, as the page shows it: put together from their rows."""

from collections.abc import Iterable
from typing import Any

from shared.models.chat import ChatMessage
from shared.services.messages import Message


def as_tree(rows: Iterable[Message | ChatMessage], running: dict[str, str]) -> dict[str, Any]:
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


def _as_message(
    row: Message | ChatMessage, children: list[str], so_far: str | None
) -> dict[str, Any]:
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
