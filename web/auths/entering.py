"""What every way in ends with: a token in the answer and in the cookie."""

from flask import Response

from shared.config.settings import get_settings
from shared.models.user import User
from shared.services import permissions
from web import audit, auth
from web.api import json_response
from web.auth import COOKIE
from web.auths.schemas import SessionResponse

# The provider wants it back when somebody signs out.
ID_TOKEN_COOKIE = "oauth_id_token"  # noqa: S105 -- a name


def enter(user: User, how: str) -> SessionResponse:
    """Open a sign-in for a user who has shown who it is; joins the surrounding transaction.

    Args:
        how: For the audit log.
    """
    session = session_of(user, *auth.issue_token(user.id))
    audit.note_entry(user.id, how)
    return session


def session_of(
    user: User, token: str, expires_at: int | None, with_permissions: bool = True
) -> SessionResponse:
    """Give an account with a token."""
    return SessionResponse(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        profile_image_url=user.profile_image_url,
        token=token,
        expires_at=expires_at,
        permissions=permissions.of_user(user.id) if with_permissions else None,
    )


def with_cookie(session: SessionResponse) -> Response:
    """Answer with a session, and keep its token in the browser."""
    answer = json_response(session.model_dump_json().encode())
    set_cookie(answer, session)
    return answer


def set_cookie(answer: Response, session: SessionResponse) -> None:
    """Let a browser keep the token of a session where scripts do not see it."""
    settings = get_settings()
    answer.set_cookie(
        COOKIE,
        session.token,
        expires=session.expires_at,
        httponly=True,
        secure=settings.webui_auth_cookie_secure,
        samesite=settings.webui_auth_cookie_same_site.capitalize(),
    )
