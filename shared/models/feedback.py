"""Feedback: what users think of answers."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds


class Feedback(Base):
    """A rating of one answer, with a snapshot of the chat in which it stands."""

    __tablename__ = "feedback"
    __table_args__ = (Index("ix_feedback_author", "user_id", "created_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(default=0)
    type: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any] | None]
    meta: Mapped[dict[str, Any] | None]
    snapshot: Mapped[dict[str, Any] | None]
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)
