"""Prompts: texts that users call up by a command."""

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, JSONColumn, Seconds, UserText


class Prompt(Base):
    """A text with the command that brings it into the message field; a command begins with `/`."""

    __tablename__ = "prompt"

    command: Mapped[str] = mapped_column(String(256), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(UserText)
    content: Mapped[str] = mapped_column(UserText)
    # None: everybody may read; {}: the owner only; else {"read": {...}, "write": {...}}.
    access_control: Mapped[dict[str, Any] | None] = mapped_column(JSONColumn)
    # Last change.
    timestamp: Mapped[int] = mapped_column(Seconds)
