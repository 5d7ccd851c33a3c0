"""Permissions: what users may do who are no admins."""

from typing import Any

from shared.config.options import OPTIONS, option
from shared.errors import Forbidden
from shared.services.accounts import ADMIN, Principal


def allows(user: Principal, group: str, name: str) -> bool:
    """Whether a user has one permission; admins have all.

    Args:
        group: "workspace", "sharing", "chat" or "features".
        name: One of the group's.
    """
    return user.role == ADMIN or bool(of_user(user.id).get(group, {}).get(name))


def require(user: Principal, group: str, name: str) -> None:
    """Let pass only those who have a permission.

    Raises:
        Forbidden: The user has not.
    """
    if not allows(user, group, name):
        raise Forbidden


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
