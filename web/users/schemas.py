"""Forms and answers of the user routes."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from shared.config.options.permissions import Chat, Features, Permissions, Sharing, Workspace
from shared.schema import Schema


class SettingsForm(Schema):
    """What a page keeps for its user: `ui` is the page's own, other keys are laid over those
    stored.
    """

    model_config = ConfigDict(extra="allow")

    ui: dict[str, Any] | None = {}


class InfoForm(Schema):
    """What a client notes about its user: any keys."""

    model_config = ConfigDict(extra="allow")


class PermissionsForm(Schema):
    """What every user may do; a permission that a group leaves out has its default."""

    workspace: Workspace
    sharing: Sharing
    chat: Chat
    features: Features


class PermissionsResponse(Permissions):
    """What every user may do. Newer clients expect `settings` and `access_grants` beside, which
    nobody is denied here.
    """

    settings: dict[str, bool] = {"interface": True}
    access_grants: dict[str, bool] = {"allow_users": True, "allow_groups": True}


class RoleForm(Schema):
    """A new role for an account."""

    id: str
    role: str


class ListQuery(Schema):
    """Which accounts are wanted. With `skip` and `limit`, or nothing, the answer is a list; with
    any of the others it is a page.
    """

    skip: int = Field(0, ge=0)
    limit: int | None = Field(None, ge=1, le=1000)
    page: int | None = Field(None, ge=1, le=1_000_000)
    query: str | None = Field(None, max_length=200, description="A piece of name or address.")
    order_by: Literal["name", "email", "role", "created_at", "last_active_at", "updated_at"] = (
        "created_at"
    )
    direction: Literal["asc", "desc"] = "desc"

    @property
    def wants_page(self) -> bool:
        """Whether the client expects a page, as those of Open WebUI 0.12 do."""
        return bool(self.model_fields_set - {"skip", "limit"})


class UpdateForm(Schema):
    """An account as an admin changes it; without password and role these stay."""

    name: str = Field(min_length=1, max_length=200)
    email: str
    profile_image_url: str
    password: str | None = None
    role: str | None = None


class UserResponse(Schema):
    """An account as admins see it."""

    id: str
    name: str
    email: str
    role: str
    profile_image_url: str
    last_active_at: int
    updated_at: int
    created_at: int
    settings: dict[str, Any] | None = None
    info: dict[str, Any] | None = None
    oauth_sub: str | None = None
    # Keys are shown once, when they are made.
    api_key: None = None


class ListedUserResponse(UserResponse):
    """An account in the list of admins."""

    group_ids: list[str]


class UserPageResponse(Schema):
    """Some accounts, and how many there are."""

    users: list[ListedUserResponse]
    total: int


class ActiveResponse(Schema):
    """Whether a user has a page open."""

    active: bool


class SeenUserResponse(Schema):
    """An account as others see it; `active` tells whether its user is connected."""

    id: str
    name: str
    profile_image_url: str
    active: bool
    is_active: bool
