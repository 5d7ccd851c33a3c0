"""Jobs: what was accepted, and what came of it."""

from typing import Any

from sqlalchemy import Float, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds, UserText

QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED = (
    "queued",
    "running",
    "completed",
    "failed",
    "cancelled",
)
ENDED = (COMPLETED, FAILED, CANCELLED)


class Job(Base):
    """One piece of slow or foreign work, for as long as anybody may ask about it."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_owner", "user_id", "id"),
        Index("ix_job_open", "status", "user_id"),
        # Of those that have a chat only, see migration 0016: most jobs of programs have none. To
        # say so here would load the other database's dialect, 2 MB, into every process.
        Index("ix_job_chat", "chat_id", "status"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    queue: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[str | None] = mapped_column(String(64))
    parent_id: Mapped[str | None] = mapped_column(String(64))
    chat_id: Mapped[str | None] = mapped_column(String(64))
    message_id: Mapped[str | None] = mapped_column(String(128))
    model: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(default=0)
    # Attempts that were handed over on purpose (shutdown) do not count against the limit.
    handed_over: Mapped[int] = mapped_column(default=0)
    # The last of them, which tells why the next one began.
    given_back: Mapped[int | None]
    # Seconds since the epoch, with fractions; set while running.
    lease_until: Mapped[float | None] = mapped_column(Float(53))
    # When the broker was last told, seconds since the epoch; None: never.
    sent_at: Mapped[float | None] = mapped_column(Float(53))
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    request: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None] = mapped_column(UserText)
    usage: Mapped[dict[str, Any] | None]
    # What it has reserved of quotas until its end, see shared/services/quotas.py.
    held: Mapped[dict[str, Any] | None]
    # The span that asked for it, as W3C's traceparent; None while traces are off.
    trace: Mapped[str | None] = mapped_column(String(64))
    # The request that asked for it, or for the job that did, as the logs name it.
    request_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(Seconds)
    started_at: Mapped[int | None] = mapped_column(Seconds)
    finished_at: Mapped[int | None] = mapped_column(Seconds)
