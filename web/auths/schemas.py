"""Forms and answers of the account routes."""

from typing import Any

from pydantic import Field

from shared.schema import Schema


class SignInForm(Schema):
    """What a sign-in needs."""

    email: str
    password: str


class LDAPForm(Schema):
    """Name and password as a directory knows them."""

    user: str
    password: str


class SignUpForm(SignInForm):
    """What a new account needs."""

    name: str = Field(min_length=1, max_length=200)
    profile_image_url: str | None = "/user.png"


class AddForm(SignUpForm):
    """An account that an admin opens."""

    role: str | None = "pending"


class ProfileForm(Schema):
    """How a user wants to be shown."""

    name: str = Field(min_length=1, max_length=200)
    profile_image_url: str


class PasswordForm(Schema):
    """An old and a new password."""

    password: str
    new_password: str


class UserResponse(Schema):
    """An account as its owner sees it."""

    id: str
    email: str
    name: str
    role: str
    profile_image_url: str


class SessionResponse(UserResponse):
    """An account with a token for it."""

    token: str
    token_type: str = "Bearer"  # noqa: S105 -- the name of a scheme, not a secret
    expires_at: int | None = None
    permissions: dict[str, Any] | None = None


class APIKeyResponse(Schema):
    """An API key: in clear when it was just made, else only its end."""

    api_key: str | None


class AdminDetailsResponse(Schema):
    """Whom to write to."""

    name: str | None
    email: str | None


class SignOutResponse(Schema):
    """A sign-out."""

    status: bool = True
