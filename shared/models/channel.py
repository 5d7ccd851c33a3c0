"""Channels: rooms in which several users write."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, JSONColumn, UserText


class Channel(Base):
    """A room. Its times are nanoseconds since the epoch, as the contract has them."""

    __tablename__ = "channel"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    type: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(UserText)
    description: Mapped[str | None] = mapped_column(UserText)
    data: Mapped[dict[str, Any] | None]
    meta: Mapped[dict[str, Any] | None]
    # None: everybody may read; {}: the owner only; else {"read": {...}, "write": {...}}.
    access_control: Mapped[dict[str, Any] | None] = mapped_column(JSONColumn)
    created_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)
