"""Forms and answers of the user routes."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.config.options.permissions import Chat, Features, Sharing, Workspace


class SettingsForm(BaseModel):
    """What a page keeps for its user: `ui` is the page's own, other keys are laid over those
    stored.
    """

    model_config = ConfigDict(extra="allow")

    ui: dict[str, Any] | None = {}


class PermissionsForm(BaseModel):
    """What every user may do; a permission that a group leaves out has its default."""

    workspace: Workspace
    sharing: Sharing
    chat: Chat
    features: Features


class RoleForm(BaseModel):
    """A new role for an account."""

    id: str
    role: str


class UserResponse(BaseModel):
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
