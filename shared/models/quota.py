"""Quotas that an admin has set, and what was used."""

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds


class Quota(Base):
    """One limit: so much of something for somebody, in a time or at a time."""

    __tablename__ = "quota"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    # user, group, api_key or model; `subject` is an id of that, or * for each of them.
    scope: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(Text)
    # requests, tokens or running.
    measure: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)
    # Length of the time in which `amount` counts; None for what runs at a time.
    window_s: Mapped[int | None]
    # Whether every user of the group or the model has the amount, not all of them together.
    is_each: Mapped[bool]
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)


class Usage(Base):
    """What a user had of a model on one day (UTC); outlives the chats, the jobs and the user."""

    __tablename__ = "usage"
    __table_args__ = (Index("ix_usage_user", "user_id", "day"),)

    # As 2026-11-25.
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(512), primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger)
    completion_tokens: Mapped[int] = mapped_column(BigInteger)
    # Requests whose provider told no usage: their tokens are counted by the length of the text.
    estimated_requests: Mapped[int] = mapped_column(BigInteger)
