"""Routes by which admins see and change accounts, and end their sign-ins."""

from collections.abc import Sequence

from flask import Blueprint

from shared import db
from shared.errors import NotFound
from shared.models.user import User
from shared.offload import off_loop
from shared.services import accounts, groups, removal, users
from shared.services.passwords import hash_password
from shared.services.users import Search
from web import audit, auth
from web.api import endpoint
from web.auth import current_user
from web.errors import Status
from web.sessions import SignInResponse, shown_sessions
from web.users.schemas import (
    ListedUserResponse,
    ListQuery,
    RoleForm,
    UpdateForm,
    UserPageResponse,
    UserResponse,
)

bp = Blueprint("people", __name__)

_UNKNOWN = {400: "No such account"}


@bp.get("/")
@endpoint(query=ListQuery, response=list[ListedUserResponse] | UserPageResponse)
def list_users(query: ListQuery) -> list[ListedUserResponse] | UserPageResponse:
    """List accounts, newest first: a list, or a page for clients that ask for one."""
    if not query.wants_page:
        return _with_groups(users.listed(Search(), query.skip, query.limit))
    return _page(query)


@bp.get("/all")
@endpoint(response=UserPageResponse)
def list_all_users() -> UserPageResponse:
    """List all accounts, newest first."""
    found = _with_groups(users.listed(Search()))
    return UserPageResponse(users=found, total=len(found))


@bp.get("/search")
@endpoint(query=ListQuery, response=UserPageResponse)
def search_users(query: ListQuery) -> UserPageResponse:
    """Find accounts by a piece of the name or the address."""
    return _page(query)


def _page(query: ListQuery) -> UserPageResponse:
    search = Search(query.query or "", query.order_by, query.direction == "desc")
    skip = ((query.page or 1) - 1) * users.PAGE_SIZE
    found = _with_groups(users.listed(search, skip, users.PAGE_SIZE))
    return UserPageResponse(users=found, total=users.count(search))


def _with_groups(rows: Sequence[User]) -> list[ListedUserResponse]:
    ids = groups.ids_of([user.id for user in rows])
    return [
        ListedUserResponse.model_validate({**_columns(user), "group_ids": ids[user.id]})
        for user in rows
    ]


def _columns(user: User) -> dict[str, object]:
    return {column.key: getattr(user, column.key) for column in User.__table__.columns}


@bp.post("/update/role")
@endpoint(
    body=RoleForm,
    response=UserResponse,
    errors={403: "One's own role, or the first account's", **_UNKNOWN},
)
def update_role(body: RoleForm) -> User:
    """Give an account another role; its open sockets are closed."""
    _require_changeable(body.id)
    user = accounts.set_role(body.id, body.role)
    audit.note("gave user %s the role %s", body.id, body.role)
    auth.forget(body.id)
    return user


def _require_changeable(user_id: str) -> None:
    first = accounts.first_admin()
    if user_id == current_user().id or (first is not None and user_id == first.id):
        raise Status(403, "Your own role and that of the first admin cannot be changed here.")


@bp.post("/<user_id>/update")
@endpoint(
    body=UpdateForm,
    response=UserResponse,
    transaction=None,
    errors={400: "No such account, or the address is taken", 403: "Not this account's role"},
)
def update_user(user_id: str, body: UpdateForm) -> User:
    """Change an account; another password ends all its sign-ins."""
    password = off_loop(hash_password, body.password) if body.password else None
    wanted = users.Change(body.name, body.email, body.profile_image_url, password, body.role)
    with db.transaction():
        if body.role is not None and body.role != _known(user_id).role:
            _require_changeable(user_id)
        _known(user_id)
        user = users.change(user_id, wanted)
        audit.note("changed user %s%s", user_id, " and the password" if password else "")
    auth.forget(user_id)
    return user


def _known(user_id: str) -> User:
    user = accounts.by_id(user_id)
    if user is None:
        raise Status(400, "There is no such user.")
    return user


@bp.delete("/<user_id>")
@endpoint(response=bool, errors={400: "No such account", 403: "One's own, or the first admin's"})
def delete_user(user_id: str) -> bool:
    """Delete an account and all that is its own; see docs/operations.md."""
    first = accounts.first_admin()
    if user_id == current_user().id or (first is not None and user_id == first.id):
        raise Status(403, "Your own account and that of the first admin cannot be deleted.")
    _known(user_id)
    removal.remove(user_id, current_user().id)
    audit.note("deleted user %s", user_id)
    auth.forget(user_id)
    return True


@bp.get("/<user_id>/sessions")
@endpoint(response=list[SignInResponse], errors=_UNKNOWN)
def list_sessions(user_id: str) -> list[SignInResponse]:
    """List the sign-ins of a user that stand, newest first."""
    return shown_sessions(_known(user_id).id)


@bp.delete("/<user_id>/sessions")
@endpoint(response=bool, errors=_UNKNOWN)
def close_sessions(user_id: str) -> bool:
    """End all sign-ins of a user."""
    accounts.close_sessions(_known(user_id).id)
    audit.note("ended all sign-ins of user %s", user_id)
    auth.forget(user_id)
    return True


@bp.delete("/<user_id>/sessions/<session_id>")
@endpoint(response=bool, errors={404: "No such sign-in", **_UNKNOWN})
def close_session(user_id: str, session_id: str) -> bool:
    """End one sign-in of a user."""
    if not accounts.is_open(_known(user_id).id, session_id):
        raise NotFound
    accounts.close_session(user_id, session_id)
    audit.note("ended a sign-in of user %s", user_id)
    auth.forget(user_id)
    return True
