"""Forms and answers of the group routes."""

from typing import Any

from pydantic import ConfigDict, Field

from shared.config.options.permissions import Chat, Features, Sharing, Workspace
from shared.schema import Schema
from shared.services.groups import Draft


class GroupPermissions(Schema):
    """What a group adds to what every user may do; what is left out adds nothing."""

    workspace: Workspace | None = None
    sharing: Sharing | None = None
    chat: Chat | None = None
    features: Features | None = None


class GroupForm(Schema):
    """A group as admins write it."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field(max_length=10_000)
    permissions: GroupPermissions | None = None
    data: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None

    def draft(self) -> Draft:
        """Give what the form says to the service."""
        granted = self.permissions
        packed = None if granted is None else granted.model_dump(exclude_unset=True)
        return Draft(self.name, self.description, packed, self.data, self.meta)


class GroupUpdateForm(GroupForm):
    """The same for a group that exists; its members are those named, or stay as they are."""

    user_ids: list[str] | None = None


class MembersForm(Schema):
    """Users who are to come into a group or to leave it."""

    user_ids: list[str]


class GroupResponse(Schema):
    """A group; times in seconds since the epoch."""

    id: str
    user_id: str
    name: str
    description: str
    permissions: dict[str, Any] | None
    data: dict[str, Any] | None
    meta: dict[str, Any] | None
    user_ids: list[str]
    member_count: int
    created_at: int
    updated_at: int


class GroupInfoResponse(Schema):
    """A group without what only admins may know: its permissions, and who is in it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    name: str
    description: str
    member_count: int
    created_at: int
    updated_at: int


class MemberResponse(Schema):
    """A member of a group as admins see it."""

    id: str
    name: str
    email: str
    role: str
    profile_image_url: str
