"""Memories: what models are to know about a user."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds, UserText


class Memory(Base):
    """One thing to remember."""

    __tablename__ = "memory"
    __table_args__ = (Index("ix_memory_list", "user_id", "created_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    content: Mapped[str] = mapped_column(UserText)
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)
