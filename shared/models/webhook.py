"""Webhooks: addresses that hear of the ends of their owner's jobs."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds


class Webhook(Base):
    """An address with the secret that signs what is sent there."""

    __tablename__ = "webhook"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(Text)
    # Encrypted under WEBUI_SECRET_KEY.
    secret: Mapped[str] = mapped_column(Text)
    # Which events it hears, such as job.completed.
    events: Mapped[list[Any]]
    is_active: Mapped[bool]
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)


class WebhookDelivery(Base):
    """One message to an address, until it has arrived or was given up."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_due", "due_at"),
        Index("ix_webhook_delivery_webhook", "webhook_id", "id"),
    )

    # Also the message's id, by which its receiver knows a repetition.
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(32))
    content: Mapped[dict[str, Any]]
    tries: Mapped[int]
    # When it is to be tried next, seconds since the epoch; None when it will not be.
    due_at: Mapped[int | None] = mapped_column(Seconds)
    delivered_at: Mapped[int | None] = mapped_column(Seconds)
    # What the address has answered last, or why it could not.
    outcome: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(Seconds)
