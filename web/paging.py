"""Pages of a list in OpenAI's form."""

from typing import Any


def page(objects: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """Write a page of a list; `objects` holds one more than `limit` when there is more."""
    shown = objects[:limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(objects) > limit,
    }
