"""Routes of users: what everybody keeps, sees and may do."""

from typing import Any

from flask import Blueprint, Response

from shared import db
from shared.errors import NotFound
from shared.models.user import User
from shared.services import (
    accounts,
    chats,
    configuration,
    groups,
    permissions,
    presence,
    shared_chats,
)
from web import audit
from web.api import endpoint
from web.auth import current_user
from web.errors import Status
from web.groups.answers import shown
from web.groups.schemas import GroupResponse
from web.page import pictures, showing
from web.users.schemas import (
    ActiveResponse,
    InfoForm,
    PermissionsForm,
    PermissionsResponse,
    SeenUserResponse,
    SettingsForm,
)

bp = Blueprint("users", __name__)

_UNKNOWN = {400: "No such account"}


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


@bp.get("/user/info")
@endpoint()
def show_info() -> dict[str, Any] | None:
    """Give what clients have noted about their user; null before the first note."""
    return accounts.info_of(current_user().id)


@bp.post("/user/info/update")
@endpoint(body=InfoForm)
def save_info(body: InfoForm) -> dict[str, Any]:
    """Note something about the user, such as the place; other notes stay."""
    return accounts.merge_info(current_user().id, body.model_dump())


@bp.get("/groups")
@endpoint(response=list[GroupResponse])
def list_own_groups() -> list[GroupResponse]:
    """List the groups in which one is."""
    return shown(groups.of_user(current_user().id))


@bp.get("/permissions")
@endpoint()
def show_permissions() -> dict[str, Any]:
    """Give what the user may do."""
    return permissions.of_user(current_user().id)


@bp.get("/default/permissions")
@endpoint(response=PermissionsResponse, who="admin")
def show_default_permissions() -> dict[str, Any]:
    """Give what every user may do."""
    return permissions.default()


@bp.post("/default/permissions")
@endpoint(body=PermissionsForm, response=PermissionsResponse, transaction=None, who="admin")
def save_default_permissions(body: PermissionsForm) -> dict[str, Any]:
    """Change what every user may do; groups may add to it."""
    with db.transaction():
        configuration.save({"USER_PERMISSIONS": body.model_dump()})
        audit.note("changed what every user may do")
    return permissions.default()


@bp.get("/<user_id>")
@endpoint(response=SeenUserResponse, errors=_UNKNOWN)
def show_user(user_id: str) -> SeenUserResponse:
    """Give a user as others see it: by id, or by `shared-` and the id of a chat that was shared."""
    user = _existing(_author_of(user_id) or user_id)
    is_active = user.id in presence.users()
    return SeenUserResponse(
        id=user.id,
        name=user.name,
        profile_image_url=user.profile_image_url,
        active=is_active,
        is_active=is_active,
    )


def _existing(user_id: str) -> User:
    user = accounts.by_id(user_id)
    if user is None:
        raise Status(400, "There is no such user.")
    return user


@bp.get("/<user_id>/active")
@endpoint(response=ActiveResponse, errors=_UNKNOWN)
def show_activity(user_id: str) -> ActiveResponse:
    """Tell whether a user has a page open."""
    return ActiveResponse(active=_existing(user_id).id in presence.users())


@bp.get("/<user_id>/groups")
@endpoint(response=list[GroupResponse], who="admin", errors=_UNKNOWN)
def list_groups_of(user_id: str) -> list[GroupResponse]:
    """List the groups in which a user is."""
    return shown(groups.of_user(_existing(user_id).id))


@bp.get("/<user_id>/profile/image")
@endpoint(media_type="image/png", errors=_UNKNOWN)
def show_picture(user_id: str) -> Response:
    """Give a user's picture; nothing is fetched from elsewhere, and nobody is led there."""
    return showing.shown(_existing(user_id).profile_image_url, pictures.of_users())


def _author_of(user_id: str) -> str | None:
    if not user_id.startswith(shared_chats.OWNER):
        return None
    try:
        chat = chats.find(user_id.removeprefix(shared_chats.OWNER))
    except NotFound:
        return None
    return chat.user_id if chat.share_id else None
