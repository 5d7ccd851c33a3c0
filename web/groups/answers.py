"""Groups in the form of the API."""

from collections.abc import Sequence

from shared.models.group import Group
from shared.services import groups
from web.groups.schemas import GroupResponse


def shown(rows: Sequence[Group]) -> list[GroupResponse]:
    """Give groups with their members."""
    members = groups.members_of([group.id for group in rows])
    return [_shown(group, members[group.id]) for group in rows]


def _shown(group: Group, user_ids: list[str]) -> GroupResponse:
    return GroupResponse(
        id=group.id,
        user_id=group.user_id,
        name=group.name,
        description=group.description,
        permissions=group.permissions,
        data=group.data,
        meta=group.meta,
        user_ids=user_ids,
        member_count=len(user_ids),
        created_at=group.created_at,
        updated_at=group.updated_at,
    )
