"""Memories of its user that a plugin reads, adds, looks for and deletes."""

from typing import Any

from shared import db
from shared.errors import Invalid
from shared.kinds.retrieval import QUERY_MEMORIES, QueryMemories
from shared.models.memory import Memory
from shared.services import memories as memories_of
from shared.services.accounts import Principal
from workers.asking import ask
from workers.plugins.base import Tell, Values
from workers.providers.line import Cut
from workers.standing_in import StandIn

_LONGEST, _MOST = 20_000, 100


def memories(user: Principal, _given: Values, _tell: Tell, _cut: Cut) -> list[dict[str, Any]]:
    """List what is remembered about the user, oldest first."""
    with db.reading():
        return [_as_json(one) for one in memories_of.listed(user.id)]


def remember(user: Principal, given: Values, _tell: Tell, _cut: Cut) -> dict[str, Any]:
    """Remember `content`; it is found a moment later.

    Raises:
        Invalid: There is nothing to remember, or too much.
    """
    content = str(given.get("content") or "").replace("\x00", "").strip()
    if not 0 < len(content) <= _LONGEST:
        raise Invalid(f"A memory has 1 to {_LONGEST} characters.")
    with db.transaction():
        memory, _ = memories_of.add(user.id, content)
        return _as_json(memory)


def recall(user: Principal, given: Values, _tell: Tell, cut: Cut) -> dict[str, Any]:
    """Find the `limit` memories that have most to do with `content`.

    Raises:
        UpstreamFailed: The text cannot be embedded.
        Aborted: `cut` was set.
    """
    limit = given.get("limit")
    wanted = min(limit, _MOST) if isinstance(limit, int) and limit > 0 else 1
    payload = QueryMemories(text=str(given.get("content") or "")[:_LONGEST], limit=wanted)
    [found] = ask(StandIn(user.id, cut), [(QUERY_MEMORIES, payload)], user.id)
    return found


def forget(user: Principal, given: Values, _tell: Tell, _cut: Cut) -> bool:
    """Forget the memory of this `id`.

    Raises:
        NotFound: There is none, or it is another's.
    """
    with db.transaction():
        memories_of.remove(memories_of.find(user, str(given.get("id"))))
    return True


def _as_json(memory: Memory) -> dict[str, Any]:
    names = ("id", "user_id", "content", "created_at", "updated_at")
    return {name: getattr(memory, name) for name in names}
