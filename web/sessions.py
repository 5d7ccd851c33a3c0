"""Sign-ins in the form of the API."""

from shared.schema import Schema
from shared.services import accounts
from web.auth import current_user


class SignInResponse(Schema):
    """A sign-in that stands; times in seconds since the epoch, null for one without end."""

    id: str
    user_agent: str
    created_at: int
    expires_at: int | None
    is_current: bool


def shown_sessions(user_id: str) -> list[SignInResponse]:
    """Give a user's sign-ins, newest first, and which of them asks."""
    return [
        SignInResponse(
            id=row.id,
            user_agent=row.user_agent,
            created_at=row.created_at,
            expires_at=row.expires_at,
            is_current=row.id == current_user().session_id,
        )
        for row in accounts.sessions_of(user_id)
    ]
