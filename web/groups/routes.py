"""Routes of groups."""

from flask import Blueprint

from shared.errors import NotFound
from shared.models.group import Group
from shared.models.user import User
from shared.services import accounts, groups
from web import audit, auth
from web.api import endpoint
from web.auth import current_user
from web.errors import Status, hide_what_is_missing
from web.groups.answers import shown
from web.groups.schemas import (
    GroupForm,
    GroupInfoResponse,
    GroupResponse,
    GroupUpdateForm,
    MemberResponse,
    MembersForm,
)

bp = Blueprint("groups", __name__)
hide_what_is_missing(bp)

_UNKNOWN = {401: "No such group"}


def _existing(group_id: str) -> Group:
    """Find a group that is to be changed: there the contract has another status than elsewhere."""
    try:
        return groups.find(group_id)
    except NotFound as error:
        raise Status(400, error.message) from None


def _one(group: Group) -> GroupResponse:
    return shown([group])[0]


@bp.get("/")
@endpoint(response=list[GroupResponse])
def list_groups() -> list[GroupResponse]:
    """List all groups for admins, one's own for others."""
    return shown(groups.listed(current_user()))


@bp.post("/create")
@endpoint(body=GroupForm, response=GroupResponse, who="admin", errors={400: "The name is taken"})
def create_group(body: GroupForm) -> GroupResponse:
    """Make a group without members."""
    group = groups.create(current_user(), body.draft())
    audit.note("made group %s", group.id)
    return _one(group)


@bp.get("/id/<group_id>/info")
@endpoint(response=GroupInfoResponse, errors=_UNKNOWN)
def show_group_info(group_id: str) -> GroupResponse:
    """Give of a group what those in it, and admins, may know."""
    known = groups.listed(current_user())
    found = next((group for group in known if group.id == group_id), None)
    if found is None:
        raise NotFound
    return _one(found)


@bp.get("/id/<group_id>/export")
@endpoint(response=GroupResponse, who="admin", errors=_UNKNOWN)
def export_group(group_id: str) -> GroupResponse:
    """Give a group with its members, to be kept."""
    return _one(groups.find(group_id))


@bp.get("/id/<group_id>")
@endpoint(response=GroupResponse, who="admin", errors=_UNKNOWN)
def show_group(group_id: str) -> GroupResponse:
    """Give a group with its members."""
    return _one(groups.find(group_id))


@bp.post("/id/<group_id>/update")
@endpoint(
    body=GroupUpdateForm,
    response=GroupResponse,
    who="admin",
    errors={400: "No such group, or the name is taken"},
)
def update_group(group_id: str, body: GroupUpdateForm) -> GroupResponse:
    """Change a group; what its members may do changes with their next request."""
    group = groups.change(_existing(group_id), body.draft())
    if body.user_ids is not None:
        auth.forget(*groups.set_members(group, body.user_ids))
    audit.note("changed group %s", group.id)
    return _one(group)


@bp.post("/id/<group_id>/users")
@endpoint(response=list[MemberResponse], transaction="read", who="admin", errors=_UNKNOWN)
def list_members(group_id: str) -> list[User]:
    """List the members of a group."""
    found = accounts.by_ids(_one(groups.find(group_id)).user_ids)
    return sorted(found.values(), key=lambda user: (user.name.lower(), user.id))


@bp.post("/id/<group_id>/users/add")
@endpoint(body=MembersForm, response=GroupResponse, who="admin", errors=_UNKNOWN)
def add_members(group_id: str, body: MembersForm) -> GroupResponse:
    """Take users into a group; ids that nobody has are passed over."""
    group = groups.find(group_id)
    auth.forget(*groups.add_members(group, body.user_ids))
    audit.note("added members to group %s", group.id)
    return _one(group)


@bp.post("/id/<group_id>/users/remove")
@endpoint(body=MembersForm, response=GroupResponse, who="admin", errors=_UNKNOWN)
def remove_members(group_id: str, body: MembersForm) -> GroupResponse:
    """Take users out of a group."""
    group = groups.find(group_id)
    auth.forget(*groups.remove_members(group, body.user_ids))
    audit.note("removed members from group %s", group.id)
    return _one(group)


@bp.delete("/id/<group_id>/delete")
@endpoint(response=bool, who="admin", errors={400: "No such group"})
def delete_group(group_id: str) -> bool:
    """Delete a group; its members lose what it added."""
    auth.forget(*groups.remove(_existing(group_id)))
    audit.note("deleted group %s", group_id)
    return True
