"""Routes of users."""

from typing import Any

from flask import Blueprint

from shared.config.options.permissions import Permissions
from shared.models.user import User
from shared.services import accounts, configuration, permissions
from web import auth
from web.api import endpoint
from web.auth import current_user
from web.errors import Status
from web.users.schemas import PermissionsForm, RoleForm, SettingsForm, UserResponse

bp = Blueprint("users", __name__)


@bp.get("/user/settings")
@endpoint()
def show_settings() -> dict[str, Any] | None:
    """Give what the page keeps for its user; null before the first save."""
    return accounts.settings_of(current_user().id)


@bp.post("/user/settings/update")
@endpoint(body=SettingsForm)
def save_settings(body: SettingsForm) -> dict[str, Any]:
    """Keep what the page wants kept."""
    return accounts.merge_settings(current_user().id, body.model_dump())


@bp.get("/permissions")
@endpoint()
def show_permissions() -> dict[str, Any]:
    """Give what the user may do."""
    return permissions.of_user(current_user().id)


@bp.get("/default/permissions")
@endpoint(response=Permissions, who="admin")
def show_default_permissions() -> dict[str, Any]:
    """Give what every user may do."""
    return permissions.default()


@bp.post("/default/permissions")
@endpoint(body=PermissionsForm, response=Permissions, transaction=None, who="admin")
def save_default_permissions(body: PermissionsForm) -> dict[str, Any]:
    """Change what every user may do; groups may add to it."""
    configuration.save({"USER_PERMISSIONS": body.model_dump()})
    return permissions.default()


@bp.post("/update/role")
@endpoint(
    body=RoleForm,
    response=UserResponse,
    who="admin",
    errors={403: "One's own role, or the first account's"},
)
def update_role(body: RoleForm) -> User:
    """Give an account another role; its open sockets are closed."""
    first = accounts.first_admin()
    if body.id == current_user().id or (first is not None and body.id == first.id):
        raise Status(403, "Your own role and that of the first admin cannot be changed here.")
    user = accounts.set_role(body.id, body.role)
    auth.forget(body.id)
    return user
