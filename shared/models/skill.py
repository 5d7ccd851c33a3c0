"""Skills: instructions that a model is given."""

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, JSONColumn, Seconds, UserText


class Skill(Base):
    """A named text of the workspace, in Markdown, that goes into the system prompt of answers."""

    __tablename__ = "skill"

    id: Mapped[str] = mapped_column(String(256), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(UserText)
    description: Mapped[str | None] = mapped_column(UserText)
    content: Mapped[str] = mapped_column(UserText)
    meta: Mapped[dict[str, Any]]
    is_active: Mapped[bool]
    # None: everybody may read; {}: the owner only; else {"read": {...}, "write": {...}}.
    access_control: Mapped[dict[str, Any] | None] = mapped_column(JSONColumn)
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)
