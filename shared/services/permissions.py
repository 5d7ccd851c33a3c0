"""Permissions: what users may do who are no admins."""

from typing import Any

from shared.config.options import OPTIONS, option


def of_user(_user_id: str) -> dict[str, Any]:
    """Give what a user may do, in the form that pages expect."""
    return default()


def default() -> dict[str, dict[str, bool]]:
    """Give what every user may do; what a saved value does not name has its default."""
    saved = option("USER_PERMISSIONS")
    return {
        group: {**names, **saved.get(group, {})}
        for group, names in OPTIONS["USER_PERMISSIONS"].default.items()
    }
