"""Batches: many requests in a file, answered in files."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds

VALIDATING, IN_PROGRESS, FINALIZING, CANCELLING = (
    "validating",
    "in_progress",
    "finalizing",
    "cancelling",
)
COMPLETED, FAILED, EXPIRED, CANCELLED = "completed", "failed", "expired", "cancelled"
ENDED = (COMPLETED, FAILED, EXPIRED, CANCELLED)


class Batch(Base):
    """A file of requests under way; one job does all of it."""

    __tablename__ = "batch"
    __table_args__ = (Index("ix_batch_owner", "user_id", "id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    job_id: Mapped[str] = mapped_column(String(64))
    endpoint: Mapped[str] = mapped_column(String(64))
    input_file_id: Mapped[str] = mapped_column(String(64))
    output_file_id: Mapped[str | None] = mapped_column(String(64))
    error_file_id: Mapped[str | None] = mapped_column(String(64))
    completion_window: Mapped[str] = mapped_column(String(16))
    # The client's own, as OpenAI's `metadata`.
    details: Mapped[dict[str, Any] | None]
    status: Mapped[str] = mapped_column(String(16))
    # What is wrong with the input, in OpenAI's form.
    errors: Mapped[list[Any] | None]
    total: Mapped[int]
    completed: Mapped[int]
    failed: Mapped[int]
    created_at: Mapped[int] = mapped_column(Seconds)
    expires_at: Mapped[int] = mapped_column(Seconds)
    in_progress_at: Mapped[int | None] = mapped_column(Seconds)
    finalizing_at: Mapped[int | None] = mapped_column(Seconds)
    cancelling_at: Mapped[int | None] = mapped_column(Seconds)
    # When it completed, failed, expired or was cancelled.
    ended_at: Mapped[int | None] = mapped_column(Seconds)


class BatchLine(Base):
    """An answered line of a batch, until the answers stand in their files. There is one at most."""

    __tablename__ = "batch_line"

    batch_id: Mapped[str] = mapped_column(
        ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True
    )
    # Line of the input file, from 1.
    number: Mapped[int] = mapped_column(primary_key=True)
    is_ok: Mapped[bool]
    # The line of the output or the error file, JSON.
    content: Mapped[str] = mapped_column(Text)
