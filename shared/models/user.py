"""Accounts: who may sign in, and with what."""

from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds, UserText


class User(Base):
    """A person or a program with an account."""

    __tablename__ = "user"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(UserText)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    profile_image_url: Mapped[str] = mapped_column(Text, default="/user.png")
    settings: Mapped[dict[str, Any] | None]
    info: Mapped[dict[str, Any] | None]
    oauth_sub: Mapped[str | None] = mapped_column(String(512), unique=True)
    last_active_at: Mapped[int] = mapped_column(Seconds)
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)


class Credential(Base):
    """The password of an account; apart from `user`, so that no list of users carries it."""

    __tablename__ = "credential"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    password: Mapped[str] = mapped_column(Text)


class APIKey(Base):
    """A key for programs. Only its hash is kept; `hint` lets the owner recognise it."""

    __tablename__ = "api_key"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), unique=True)
    hint: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[int] = mapped_column(Seconds)


class UserSession(Base):
    """One sign-in. A token is good for as long as its session stands here; deleting the row revokes
    it.
    """

    __tablename__ = "session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    user_agent: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(Seconds)
    # None: until it is signed out.
    expires_at: Mapped[int | None] = mapped_column(Seconds, index=True)
