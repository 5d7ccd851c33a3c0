"""Files: what users uploaded, and the text that was found in them."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, JSONColumn, Seconds, UserText

PENDING, PROCESSED, FAILED = "pending", "completed", "failed"


class File(Base):
    """An upload. Its bytes lie in the storage under `key`; `content` is the text in them."""

    __tablename__ = "file"
    __table_args__ = (Index("ix_file_list", "user_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    filename: Mapped[str] = mapped_column(UserText)
    key: Mapped[str] = mapped_column(String(255))
    # Found in the bytes, never what a client claims.
    content_type: Mapped[str] = mapped_column(String(255))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    # SHA-256 of its bytes.
    digest: Mapped[str | None] = mapped_column(String(64))
    # How far its text is: None when nobody asked for it, else one of the words above.
    status: Mapped[str | None] = mapped_column(String(16))
    error: Mapped[str | None] = mapped_column(UserText)
    # The job that makes, or made, it searchable.
    job_id: Mapped[str | None] = mapped_column(String(64))
    # SHA-256 of the text.
    hash: Mapped[str | None] = mapped_column(String(64))
    content: Mapped[str | None] = mapped_column(UserText, deferred=True)
    # Where each page begins in it, in characters; None when there are none.
    pages: Mapped[list[Any] | None] = mapped_column(JSONColumn, deferred=True)
    # What the uploader told about it, as it came.
    meta: Mapped[dict[str, Any]]
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)
