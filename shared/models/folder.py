"""Folders: where a user keeps chats, inside one another."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds, UserText


class Folder(Base):
    """A folder of a user; `parent_id` is None at the top."""

    __tablename__ = "folder"
    __table_args__ = (Index("ix_folder_place", "user_id", "parent_id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("folder.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(UserText)
    meta: Mapped[dict[str, Any] | None]
    # What newer pages keep for all chats of a folder; opaque here.
    data: Mapped[dict[str, Any] | None]
    is_expanded: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)
