"""Where users wish to be told of what happens while they are away."""

from typing import Any

from shared import db
from shared.config.options import option
from shared.models.user import User


def address_in(settings: dict[str, Any]) -> str:
    """Read `ui.notifications.webhook_url`; in a page's settings anything may stand."""
    value: Any = settings
    for name in ("ui", "notifications", "webhook_url"):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def address_of(user_id: str) -> str:
    """Give where a user wishes to be told; empty when there is no such wish, or admins want none
    told.
    """
    if not option("ENABLE_USER_WEBHOOKS"):
        return ""
    user = db.session().get(User, user_id)
    return address_in(user.settings or {}) if user is not None else ""
