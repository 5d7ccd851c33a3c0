"""Ways in that ask for no password of ours: a proxy's word, a directory, or nobody at all."""

from flask import Blueprint, Response, request

from shared import db
from shared.config.options import option
from shared.config.settings import get_settings
from shared.errors import Invalid
from shared.identity import ldap
from shared.identity.errors import Refused, Unreachable
from shared.models.user import User
from shared.services import accounts
from web import audit
from web.api import endpoint
from web.auths import limits
from web.auths.entering import enter, with_cookie
from web.auths.schemas import LDAPForm, SessionResponse
from web.errors import Status

bp = Blueprint("doors", __name__)

_LDAP_FAILED = "LDAP authentication failed."


def is_by_proxy() -> bool:
    """Whether a proxy says who signs in."""
    return bool(get_settings().webui_auth_trusted_email_header)


def enter_by_proxy() -> Response:
    """Sign in whom the proxy names, with a new account where there is none.

    Raises:
        Status: 400, it names nobody.
    """
    settings = get_settings()
    email = request.headers.get(settings.webui_auth_trusted_email_header, "").strip()
    if not email:
        raise Status(400, "The proxy in front of this server has not said who you are.")
    name_header = settings.webui_auth_trusted_name_header
    name = request.headers.get(name_header, "").strip() if name_header else ""
    with db.transaction():
        session = enter(_account(email, name), "proxy")
    return with_cookie(session)


def _account(email: str, name: str) -> User:
    return accounts.by_email(email) or accounts.welcome((name or email)[:200], email)


def enter_unasked() -> Response:
    """Sign in whoever comes as the only account there is.

    Raises:
        Status: 400, others have accounts already.
    """
    with db.transaction():
        user = accounts.by_email(accounts.ONLY_EMAIL)
        if user is None and accounts.has_any():
            raise Status(400, "Sign-in cannot be switched off: there are accounts already.")
        user = user or accounts.welcome("User", accounts.ONLY_EMAIL)
        session = enter(user, "coming here")
    return with_cookie(session)


@bp.post("/ldap")
@endpoint(
    body=LDAPForm,
    response=SessionResponse,
    transaction=None,
    who="public",
    errors={400: "Off, or the directory refuses", 429: "Too many failures"},
)
def sign_in_by_ldap(body: LDAPForm) -> Response:
    """Exchange name and password of the directory for a token."""
    if not option("ENABLE_LDAP"):
        raise Status(400, "LDAP authentication is not enabled")
    counted = f"ldap:{body.user}"
    with limits.guess(counted):
        person = _verified(body, counted)
    return _enter_as(person)


def _verified(body: LDAPForm, counted: str) -> ldap.Person:
    try:
        person = ldap.verify(body.user, body.password)
    except Unreachable:
        raise Status(400, _LDAP_FAILED) from None
    except Refused:
        limits.note_failure(counted)
        audit.note_refusal("LDAP")
        raise Status(400, _LDAP_FAILED) from None
    limits.forget_failures(counted)
    return person


def _enter_as(person: ldap.Person) -> Response:
    try:
        with db.transaction():
            session = enter(_account(person.email, person.name), "LDAP")
    except Invalid:
        raise Status(400, _LDAP_FAILED) from None  # the directory's address is none
    return with_cookie(session)
