"""Groups: who is in which, and what that adds to what a user may do."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select

from shared import db, relay
from shared.errors import Invalid, NotFound
from shared.ids import new_id, now_s
from shared.models.group import Group, GroupMember
from shared.models.user import User
from shared.services.accounts import ADMIN, Principal

# Databases take so many ids in one statement.
_AT_ONCE = 500


@dataclass(frozen=True)
class Draft:
    """What an admin writes of a group; None leaves a part as it is."""

    name: str | None = None
    description: str | None = None
    permissions: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None


def find(group_id: str) -> Group:
    """Give a group.

    Raises:
        NotFound: There is none.
    """
    group = db.session().get(Group, group_id)
    if group is None:
        raise NotFound
    return group


def listed(user: Principal) -> list[Group]:
    """List all groups for admins, and those in which they are for others; newest change first."""
    query = select(Group).order_by(Group.updated_at.desc(), Group.id.desc())
    if user.role != ADMIN:
        query = query.where(Group.id.in_(user.group_ids))
    return list(db.session().scalars(query))


def of_user(user_id: str) -> list[Group]:
    """List the groups in which a user is."""
    member = select(GroupMember.group_id).where(GroupMember.user_id == user_id)
    return list(db.session().scalars(select(Group).where(Group.id.in_(member)).order_by(Group.id)))


def ids_of(user_ids: Collection[str]) -> dict[str, list[str]]:
    """Give the ids of the groups of several users, by the users' ids."""
    found: dict[str, list[str]] = {user_id: [] for user_id in user_ids}
    query = select(GroupMember.user_id, GroupMember.group_id).order_by(GroupMember.group_id)
    for user_id, group_id in db.session().execute(query.where(GroupMember.user_id.in_(user_ids))):
        found[user_id].append(group_id)
    return found


def members_of(group_ids: Collection[str]) -> dict[str, list[str]]:
    """Give the ids of the members of several groups, by the groups' ids."""
    found: dict[str, list[str]] = {group_id: [] for group_id in group_ids}
    query = select(GroupMember.group_id, GroupMember.user_id).order_by(GroupMember.user_id)
    for group_id, user_id in db.session().execute(query.where(GroupMember.group_id.in_(group_ids))):
        found[group_id].append(user_id)
    return found


def create(maker: Principal, draft: Draft) -> Group:
    """Make a group without members.

    Raises:
        Invalid: It has no name, or another group has it.
    """
    now = now_s()
    group = Group(id=new_id(), user_id=maker.id, description="", created_at=now, updated_at=now)
    _write(group, draft)
    db.session().add(group)
    db.session().flush()
    return group


def change(group: Group, draft: Draft) -> Group:
    """Describe a group anew; what its members may do changes at once.

    Raises:
        Invalid: It would have no name, or another group's.
    """
    _write(group, draft)
    group.updated_at = now_s()
    _tell_of_change(_members(group.id))
    return group


def _write(group: Group, draft: Draft) -> None:
    if draft.name is not None:
        group.name = _free_name(group.id, draft.name)
    for name in ("description", "permissions", "data", "meta"):
        if (value := getattr(draft, name)) is not None:
            setattr(group, name, value)


def _free_name(group_id: str, wanted: str) -> str:
    db.lock_for_update("groups")
    name = wanted.strip()
    if not name:
        raise Invalid("A group needs a name.")
    taken = select(Group.id).where(Group.name == name, Group.id != group_id)
    if db.session().scalar(taken) is not None:
        raise Invalid("There is a group of this name already.")
    return name


def set_members(group: Group, user_ids: Collection[str]) -> list[str]:
    """Make these users, as far as there are such, the only members.

    Returns:
        Ids of the users who came or went.
    """
    before = set(_members(group.id))
    wanted = set(_existing(user_ids))
    return sorted([*_add(group, wanted - before), *_remove(group, before - wanted)])


def add_members(group: Group, user_ids: Collection[str]) -> list[str]:
    """Take users in, as far as there are such; gives the ids of those who were not in before."""
    return _add(group, set(_existing(user_ids)) - set(_members(group.id)))


def remove_members(group: Group, user_ids: Collection[str]) -> list[str]:
    """Take users out; gives the ids of those who were in."""
    return _remove(group, set(user_ids) & set(_members(group.id)))


def set_groups_named(user_id: str, names: Collection[str]) -> None:
    """Make a user a member of the groups with these names, and of no other; names without a group
    are passed over.
    """
    wanted = set(db.session().scalars(select(Group.id).where(Group.name.in_(names))))
    for group_id in ids_of([user_id])[user_id]:
        if group_id not in wanted:
            remove_members(find(group_id), [user_id])
    for group_id in sorted(wanted):
        add_members(find(group_id), [user_id])


def remove(group: Group) -> list[str]:
    """Delete a group; gives the ids of its members, who lose what it added."""
    members = _members(group.id)
    db.session().delete(group)
    db.session().flush()
    _tell_of_change(members)
    return members


def _members(group_id: str) -> list[str]:
    return members_of([group_id])[group_id]


def _existing(user_ids: Collection[str]) -> list[str]:
    return [
        found
        for some in _portions(user_ids)
        for found in db.session().scalars(select(User.id).where(User.id.in_(some)))
    ]


def _add(group: Group, user_ids: Iterable[str]) -> list[str]:
    added = sorted(user_ids)
    rows = [{"group_id": group.id, "user_id": user_id} for user_id in added]
    if rows:
        db.session().execute(insert(GroupMember), rows)
        _changed_members(group, added)
    return added


def _remove(group: Group, user_ids: Iterable[str]) -> list[str]:
    removed = sorted(user_ids)
    for some in _portions(removed):
        gone = delete(GroupMember).where(GroupMember.group_id == group.id)
        db.session().execute(gone.where(GroupMember.user_id.in_(some)))
    if removed:
        _changed_members(group, removed)
    return removed


def _changed_members(group: Group, user_ids: Sequence[str]) -> None:
    group.updated_at = now_s()
    _tell_of_change(user_ids)


def _portions(ids: Collection[str]) -> Iterable[list[str]]:
    listed_ids = sorted(ids)
    return (listed_ids[i : i + _AT_ONCE] for i in range(0, len(listed_ids), _AT_ONCE))


def _tell_of_change(user_ids: Sequence[str]) -> None:
    if user_ids:
        db.after_commit(lambda: relay.tell_users(user_ids, "account", {}))
