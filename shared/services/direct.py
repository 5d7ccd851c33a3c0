"""Direct connections: models that a user's own page asks, from the browser.

Source: contract, chat-flow §11.
"""

from typing import Any

from shared.config.options import option
from shared.errors import Forbidden, Invalid
from shared.services.connections import Connection
from shared.services.models import Route

KIND = "direct"
# What the page needs to find its connection again; no more of what it sends is kept.
_KEPT = ("id", "name", "urlIdx", "direct")


def kept(model_item: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give what is kept of a page's model, if that is one of a direct connection."""
    if model_item is None or model_item.get("direct") is not True:
        return None
    return {name: model_item[name] for name in _KEPT if name in model_item}


def require(session_id: str | None) -> None:
    """Let pass only where direct connections are allowed and a page can be asked.

    Raises:
        Forbidden: They are switched off.
        Invalid: No page is named.
    """
    if not option("ENABLE_DIRECT_CONNECTIONS"):
        raise Forbidden("Direct connections are switched off here.")
    if not session_id:
        raise Invalid("A direct connection is asked through a page: `session_id` is missing.")


def route(model_id: str) -> Route:
    """Give the route of a model that the page asks."""
    return Route(model_id, Connection(KIND, -1, ""), model_id, {})
