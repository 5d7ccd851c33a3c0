"""Permissions: what users may do who are no admins."""

from typing import Any

from sqlalchemy import select

from shared import db
from shared.config.options import OPTIONS, option
from shared.errors import Forbidden
from shared.models.group import Group, GroupMember
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


def of_user(user_id: str) -> dict[str, dict[str, bool]]:
    """Give what a user may do, in the form that pages expect: what everybody may, and what one of
    the user's groups allows.
    """
    found = default()
    query = select(Group.permissions).join(GroupMember, GroupMember.group_id == Group.id)
    with db.reading() as session:
        granted = list(session.scalars(query.where(GroupMember.user_id == user_id)))
    for permissions in filter(None, granted):
        for group, names in found.items():
            _add(names, permissions.get(group))
    return found


def _add(names: dict[str, bool], granted: Any) -> None:
    """Allow what a group allows; forms of other versions may hold anything."""
    if isinstance(granted, dict):
        for name, is_allowed in names.items():
            names[name] = is_allowed or granted.get(name) is True


def default() -> dict[str, dict[str, bool]]:
    """Give what every user may do; what a saved value does not name has its default."""
    saved = option("USER_PERMISSIONS")
    return {
        group: {**names, **saved.get(group, {})}
        for group, names in OPTIONS["USER_PERMISSIONS"].default.items()
    }
