"""Knowledge bases: files that are searched together."""

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, JSONColumn, Seconds, UserText


class Knowledge(Base):
    """A knowledge base; its id is also the name of its collection of vectors."""

    __tablename__ = "knowledge"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(UserText)
    description: Mapped[str] = mapped_column(UserText)
    # What clients keep here beside the files, as it came.
    data: Mapped[dict[str, Any] | None]
    meta: Mapped[dict[str, Any] | None]
    # None: everybody may read; {}: the owner only; else {"read": {...}, "write": {...}}.
    access_control: Mapped[dict[str, Any] | None] = mapped_column(JSONColumn)
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)


class KnowledgeFile(Base):
    """A file in a knowledge base. Who may read the one may read the other."""

    __tablename__ = "knowledge_file"

    knowledge_id: Mapped[str] = mapped_column(
        ForeignKey("knowledge.id", ondelete="CASCADE"), primary_key=True
    )
    file_id: Mapped[str] = mapped_column(
        ForeignKey("file.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    # Where it lies among the directories; None at the top.
    directory_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(Seconds)


class Directory(Base):
    """A folder inside a knowledge base; `parent_id` is None at the top. It sorts files, and means
    nothing to searches.
    """

    __tablename__ = "knowledge_directory"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    knowledge_id: Mapped[str] = mapped_column(
        ForeignKey("knowledge.id", ondelete="CASCADE"), index=True
    )
    parent_id: Mapped[str | None] = mapped_column(
        ForeignKey("knowledge_directory.id", ondelete="CASCADE")
    )
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(UserText)
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)
