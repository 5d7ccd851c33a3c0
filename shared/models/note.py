"""Notes: texts that users write for themselves, or share."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, JSONColumn, UserText


class Note(Base):
    """A note; its text stands in `data.content.md`. Times are nanoseconds since the epoch."""

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_list", "user_id", "updated_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(UserText)
    data: Mapped[dict[str, Any] | None]
    meta: Mapped[dict[str, Any] | None]
    # None: everybody may read; {}: the owner only; else {"read": {...}, "write": {...}}.
    access_control: Mapped[dict[str, Any] | None] = mapped_column(JSONColumn)
    # Whether that lets in anybody at all; most notes are their owner's only.
    is_shared: Mapped[bool] = mapped_column(index=True)
    created_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)


class NotePin(Base):
    """That a user keeps a note at the top; each has pins of their own."""

    __tablename__ = "note_pin"

    note_id: Mapped[str] = mapped_column(
        ForeignKey("note.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
