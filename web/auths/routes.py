"""Routes of accounts."""

from flask import Blueprint, Response

from shared import db
from shared.config.options import option
from shared.config.settings import get_settings
from shared.errors import Forbidden, NotFound
from shared.models.user import User
from shared.offload import off_loop
from shared.services import accounts
from shared.services.accounts import Principal
from shared.services.passwords import hash_password, is_outdated, is_password
from web import audit, auth
from web.api import endpoint, json_response
from web.auth import COOKIE, current_user
from web.auths import doors, leaving, limits
from web.auths.entering import ID_TOKEN_COOKIE, enter, session_of, with_cookie
from web.auths.schemas import (
    AddForm,
    AdminDetailsResponse,
    APIKeyResponse,
    PasswordForm,
    ProfileForm,
    SessionResponse,
    SignInForm,
    SignOutResponse,
    SignUpForm,
    UserResponse,
)
from web.errors import Status
from web.sessions import SignInResponse, shown_sessions

bp = Blueprint("auths", __name__)

_WRONG = "Email address or password is wrong."


@bp.get("/")
@endpoint(response=SessionResponse, transaction="write")
def show() -> Response:
    """Give the account of whoever asks, with a fresh token of the same sign-in."""
    who = current_user()
    user = accounts.by_id(who.id)
    assert user is not None  # noqa: S101 -- for the type checker: it was just identified
    if who.session_id is None:
        # An API key stays what the client goes on with.
        return with_cookie(session_of(user, auth.credential_of_request() or "", None))
    return with_cookie(session_of(user, *auth.issue_token(user.id, who.session_id)))


@bp.post("/signup")
@endpoint(
    body=SignUpForm,
    response=SessionResponse,
    transaction=None,
    who="public",
    errors={400: "The address is taken or no address", 403: "Sign-up is off"},
)
def sign_up(body: SignUpForm) -> Response:
    """Open an account; the first one becomes the admin."""
    if doors.is_by_proxy() or not get_settings().webui_auth:
        raise Status(403, "Nobody signs up here.")
    password = off_loop(hash_password, body.password)
    try:
        with db.transaction():
            user = accounts.sign_up(body.name, body.email, password, body.profile_image_url or "")
            session = enter(user, "opening the account")
    except Forbidden as error:
        raise Status(403, error.message) from None
    return with_cookie(session)


@bp.post("/signin")
@endpoint(
    body=SignInForm,
    response=SessionResponse,
    transaction=None,
    who="public",
    errors={400: "Wrong address or password", 429: "Too many failures"},
)
def sign_in(body: SignInForm) -> Response:
    """Exchange address and password for a token; where a proxy says who comes, or nobody is asked,
    neither counts.
    """
    if doors.is_by_proxy():
        return doors.enter_by_proxy()
    if not get_settings().webui_auth:
        return doors.enter_unasked()
    with limits.guess(body.email):
        user_id, password = _verified(body)
    newer = off_loop(hash_password, body.password) if is_outdated(password or "") else None
    with db.transaction():
        user = accounts.by_id(user_id)
        assert user is not None  # noqa: S101 -- for the type checker: its password was just read
        if newer is not None:
            accounts.renew_hash(user_id, password, newer)
        session = enter(user, "password")
    return with_cookie(session)


def _verified(body: SignInForm) -> tuple[str, str | None]:
    """Give the account that address and password open, and the password's hash."""
    with db.reading():
        user_id, password = accounts.password_of(body.email)
    if not off_loop(is_password, password, body.password) or user_id is None:
        limits.note_failure(body.email)
        audit.note_refusal("password")
        raise Status(400, _WRONG)
    limits.forget_failures(body.email)
    return user_id, password


def _sign_out() -> Response:
    who = auth.optional_user()
    if who is not None and who.session_id is not None:
        with db.transaction():
            accounts.close_session(who.id, who.session_id)
            audit.note("signed out")
        auth.forget(who.id)
    answer = json_response(SignOutResponse().model_dump_json().encode())
    for cookie in (COOKIE, ID_TOKEN_COOKIE):
        answer.delete_cookie(cookie)
    return answer


@bp.get("/signout")
@endpoint(response=SignOutResponse, transaction=None, who="public")
def sign_out() -> Response:
    """End this sign-in: all its tokens are void from now on. Who came by a provider that ends its
    own sign-ins is sent there.
    """
    answer = _sign_out()
    if farewell := leaving.farewell_url():
        answer.status_code = 307
        answer.headers["Location"] = farewell
    return answer


@bp.post("/signout")
@endpoint(response=SignOutResponse, transaction=None, who="public")
def sign_out_by_post() -> Response:
    """End this sign-in, as today's clients ask for it."""
    return _sign_out()


@bp.post("/add")
@endpoint(
    body=AddForm,
    response=SessionResponse,
    transaction=None,
    who="admin",
    errors={400: "The address is taken"},
)
def add(body: AddForm) -> SessionResponse:
    """Open an account for somebody else."""
    password = off_loop(hash_password, body.password)
    with db.transaction():
        user = accounts.add(
            body.name,
            body.email,
            password,
            body.role or accounts.PENDING,
            body.profile_image_url or "",
        )
        audit.note("added user %s with the role %s", user.id, user.role)
        return session_of(user, *auth.issue_token(user.id), with_permissions=False)


@bp.post("/update/profile")
@endpoint(body=ProfileForm, response=UserResponse, who="member")
def update_profile(body: ProfileForm) -> User:
    """Change how one is shown."""
    return accounts.set_profile(current_user().id, body.name, body.profile_image_url)


@bp.post("/update/password")
@endpoint(
    body=PasswordForm, response=bool, transaction=None, errors={400: "The old password is wrong"}
)
def update_password(body: PasswordForm) -> bool:
    """Change the password; every other sign-in of the user ends."""
    who = current_user()
    if doors.is_by_proxy():
        raise Status(400, "Your password is not kept here.")
    with limits.guess(who.email):
        _require_password(who, body.password)
    new = off_loop(hash_password, body.new_password)
    with db.transaction():
        accounts.set_password(who.id, new, who.session_id)
        audit.note("changed the own password")
    auth.forget(who.id)
    return True


def _require_password(who: Principal, password: str) -> None:
    with db.reading():
        stored = accounts.password_hash_of(who.id)
    if not off_loop(is_password, stored, password):
        limits.note_failure(who.email)
        raise Status(400, "The old password is wrong.")


@bp.post("/api_key")
@endpoint(response=APIKeyResponse, errors={403: "API keys are off"})
def make_api_key() -> APIKeyResponse:
    """Make the API key, in place of an older one. This answer is the only one that shows it."""
    if not option("ENABLE_API_KEY"):
        raise Status(403, "API keys are switched off here.")
    auth.forget(current_user().id)
    audit.note("made an API key")
    return APIKeyResponse(api_key=accounts.make_api_key(current_user().id))


@bp.get("/api_key")
@endpoint(response=APIKeyResponse, errors={404: "There is none"})
def show_api_key() -> APIKeyResponse:
    """Show the end of the API key."""
    hint = accounts.api_key_hint(current_user().id)
    if hint is None:
        raise Status(404, "You have no API key yet.")
    return APIKeyResponse(api_key=hint)


@bp.delete("/api_key")
@endpoint(response=bool)
def forget_api_key() -> bool:
    """Void the API key."""
    accounts.forget_api_key(current_user().id)
    audit.note("voided the own API key")
    auth.forget(current_user().id)
    return True


@bp.get("/sessions")
@endpoint(response=list[SignInResponse])
def list_sessions() -> list[SignInResponse]:
    """List one's own sign-ins that stand, newest first."""
    return shown_sessions(current_user().id)


@bp.delete("/sessions")
@endpoint(response=bool)
def close_other_sessions() -> bool:
    """End all of one's own sign-ins but the one that asks."""
    accounts.close_sessions(current_user().id, but=current_user().session_id)
    audit.note("ended the other sign-ins")
    auth.forget(current_user().id)
    return True


@bp.delete("/sessions/<session_id>")
@endpoint(response=bool, errors={404: "No such sign-in of yours"})
def close_session(session_id: str) -> bool:
    """End one of one's own sign-ins."""
    if not accounts.is_open(current_user().id, session_id):
        raise NotFound
    accounts.close_session(current_user().id, session_id)
    audit.note("ended a sign-in")
    auth.forget(current_user().id)
    return True


@bp.get("/admin/details")
@endpoint(response=AdminDetailsResponse, errors={400: "Not shown here"})
def admin_details() -> AdminDetailsResponse:
    """Tell whom to write to."""
    if not option("SHOW_ADMIN_DETAILS"):
        raise Status(400, "This is not shown here.")
    admin = accounts.first_admin()
    email = option("ADMIN_EMAIL") or (admin.email if admin else None)
    return AdminDetailsResponse(name=admin.name if admin else None, email=email)
