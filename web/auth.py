"""Who is asking: tokens by flask-jwt-extended, API keys, and a short memory of both."""

import sys
import time
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask, g, request
from flask_jwt_extended import JWTManager, create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError
from sqlalchemy.exc import DBAPIError

from shared import db, relay
from shared.config.options import LIFETIME, option
from shared.config.settings import get_settings, secret_key
from shared.errors import BadSession, NotSignedIn, SwitchyardError, Unavailable
from shared.ids import now_s
from shared.services import access, accounts, quotas
from shared.services.accounts import Principal
from shared.subscriber import subscriber
from web.errors import Status

COOKIE = "token"
# How long a verified credential is believed without asking the database. A change of the account is
# heard over Redis and forgets it at once; this bounds the time should that message be lost.
_BELIEVED_S = 5.0
_MOST_REMEMBERED = 20_000
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

jwt = JWTManager()


class _Reader:
    """Reads tokens, also where there is no request: sockets and their threads ask too."""

    app: Flask

    def claims(self, token: str) -> dict[str, Any]:
        """Verify a token and give what it says.

        Raises:
            BadSession: It is wrong or has expired.
        """
        try:
            with self.app.app_context():
                return decode_token(token)
        except (PyJWTError, JWTExtendedException) as error:
            raise BadSession from error


_reader = _Reader()


class _Memory:
    """Credentials that were verified a moment ago."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Principal]] = {}
        self._listening: set[str] = set()
        self._changes: dict[str, int] = {}

    def get(self, credential: str) -> Principal | None:
        """Find a credential that may still be believed."""
        found = self._known.get(credential)
        if found is None or found[0] < time.monotonic():
            return None
        return found[1]

    def keep(self, credential: str, who: Principal) -> None:
        """Remember a verified credential, and listen for changes of its account."""
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        if who.id not in self._listening:
            self._listening.add(who.id)
            subscriber.add(relay.user_channel(who.id), partial(self._heard, who.id))
        self._known[credential] = (time.monotonic() + _BELIEVED_S, who)

    def _heard(self, user_id: str, message: bytes | None) -> None:
        if message is None or message.startswith(b'{"type":"account"'):
            self.forget(user_id)

    def forget(self, *user_ids: str) -> None:
        """Forget what was verified for some users."""
        for user_id in user_ids:
            self._changes[user_id] = self.changes_of(user_id) + 1
        gone = set(user_ids)
        self._known = {key: value for key, value in self._known.items() if value[1].id not in gone}

    def changes_of(self, user_id: str) -> int:
        """Count how often what was verified for one user was forgotten."""
        return self._changes.get(user_id, 0)


_memory = _Memory()


def forget(*user_ids: str) -> None:
    """Believe nothing that was verified before for these users; the other processes hear of it over
    Redis.
    """
    _memory.forget(*user_ids)


def lifetime_s() -> float | None:
    """Read JWT_EXPIRES_IN: seconds, or None for tokens that end only by signing out."""
    found = LIFETIME.fullmatch(str(option("JWT_EXPIRES_IN")))
    return float(found.group(1)) * _UNITS[found.group(2)] if found else None


def issue_token(user_id: str, session_id: str | None = None) -> tuple[str, int | None]:
    """Make a token; joins the surrounding transaction.

    Args:
        session_id: The sign-in that goes on; None opens a new one.

    Returns:
        The token, and when it expires in seconds since the epoch.
    """
    lifetime = lifetime_s()
    expires_at = None if lifetime is None else int(time.time() + lifetime)
    if session_id is None:
        session_id = accounts.open_session(
            user_id, request.headers.get("User-Agent", ""), expires_at
        )
    else:
        accounts.extend_session(session_id, expires_at)
    delta: Any = False if lifetime is None else timedelta(seconds=lifetime)
    token = create_access_token(user_id, expires_delta=delta, additional_claims={"sid": session_id})
    return token, expires_at


def credential_of_request() -> str | None:
    """Find the credential that a request carries: the bearer header counts before the cookie."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    return request.cookies.get(COOKIE)


def identify(credential: str) -> Principal:
    """Find out whose credential this is.

    Raises:
        BadSession: It is wrong, has expired, was revoked, or its account is gone.
        Status: 403, API keys are switched off.
    """
    is_key = credential.startswith("sk-")
    if is_key and not option("ENABLE_API_KEY"):
        raise _no_keys()
    known = _memory.get(credential)
    if known is not None:
        return known
    who = _by_api_key(credential) if is_key else _by_token(credential)
    _memory.keep(credential, who)
    return who


def _no_keys() -> Status:
    return Status(403, "API keys are not accepted here.")


def _by_api_key(clear: str) -> Principal:
    with db.reading():
        user = accounts.by_api_key(clear)
        who = None if user is None else accounts.principal_of(user.id)
    if who is None:
        raise BadSession
    return who


def _by_token(token: str) -> Principal:
    claims = _reader.claims(token)
    with db.reading():
        user = accounts.by_id(str(claims["id"]))
        if user is None or not accounts.is_open(user.id, str(claims.get("sid", ""))):
            raise BadSession
        who = accounts.principal_of(user.id, claims["sid"])
        assert who is not None  # noqa: S101 -- for the type checker: the account was just found
    _touch(user.id, user.last_active_at)
    return who


def _touch(user_id: str, last_active_at: int) -> None:
    if now_s() - last_active_at > 60:
        with db.transaction():
            accounts.touch(user_id)


def current_user() -> Principal:
    """Give whoever is asking, pending accounts included.

    Raises:
        NotSignedIn, BadSession, Status: The request has no good credential.
    """
    known: Principal | None = g.get("principal")
    return known or _identify_request()


def _identify_request() -> Principal:
    credential = credential_of_request()
    if credential is None:
        raise NotSignedIn
    who = identify(credential)
    check_key_endpoint(who)
    g.principal = who
    quotas.is_by_key.set(who.session_id is None)
    return who


class Permit:
    """Whether the client of a long answer may go on: looked up again when its account changes."""

    def __init__(self) -> None:
        self._user_id = current_user().id
        # A user's streams share one copy of it.
        self._credential = sys.intern(credential_of_request() or "")
        self._seen = _memory.changes_of(self._user_id)

    def holds(self) -> bool:
        """Whether it may; asks the database only after a change."""
        changes = _memory.changes_of(self._user_id)
        if changes != self._seen:
            self._seen = changes
            return is_member_still(self._credential)
        return True


def is_member_still(credential: str, among: str = "members") -> bool:
    """Whether a credential that was good is so still; yes while the database cannot be asked.

    Args:
        among: "members", or "admin".
    """
    try:
        access.require(identify(credential), "use", among)
    except (Unavailable, DBAPIError):
        return True
    except SwitchyardError:
        return False
    return True


def check_key_endpoint(who: Principal) -> None:
    """Let pass who does not use an API key, or uses it where keys are accepted.

    Raises:
        Status: 403, keys are not accepted here.
    """
    if who.session_id is None:
        _check_key_endpoint()


def _check_key_endpoint() -> None:
    if not option("ENABLE_API_KEY_ENDPOINT_RESTRICTIONS"):
        return
    allowed = [
        path.strip() for path in str(option("API_KEY_ALLOWED_ENDPOINTS")).split(",") if path.strip()
    ]
    if not any(request.path == path or request.path.startswith(f"{path}/") for path in allowed):
        raise _no_keys()


def optional_user() -> Principal | None:
    """Give whoever is asking, or None when that cannot be told."""
    try:
        return current_user()
    except (NotSignedIn, BadSession, Status):
        return None


def require_member() -> None:
    """Let active accounts in.

    Raises:
        NotSignedIn, BadSession, Status, Forbidden: Anybody else.
    """
    access.require(current_user(), "use", "members")


def require_admin() -> None:
    """Let admins in.

    Raises:
        NotSignedIn, BadSession, Status, Forbidden: Anybody else.
    """
    access.require(current_user(), "use", "admin")


def register(app: Flask) -> None:
    """Set flask-jwt-extended up for the contract's tokens: HS256, identity in `id`."""
    settings = get_settings()
    app.config.update(
        JWT_SECRET_KEY=secret_key(),
        JWT_ALGORITHM="HS256",
        JWT_IDENTITY_CLAIM="id",
        JWT_TOKEN_LOCATION=["headers", "cookies"],
        JWT_ACCESS_COOKIE_NAME=COOKIE,
        JWT_COOKIE_SECURE=settings.webui_auth_cookie_secure,
        JWT_COOKIE_SAMESITE=settings.webui_auth_cookie_same_site.capitalize(),
        # The cookie is SameSite; changing requests carry the bearer header.
        JWT_COOKIE_CSRF_PROTECT=False,
    )
    jwt.init_app(app)
    _reader.app = app
