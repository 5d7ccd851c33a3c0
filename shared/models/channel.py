"""Channels: rooms in which several users write."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String
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


class ChannelMessage(Base):
    """What somebody wrote in a channel; with a parent it is a reply in that message's thread.

    What a user wrote goes with the account, and a thread with its first message.
    """

    __tablename__ = "channel_message"
    __table_args__ = (
        Index("ix_channel_message_list", "channel_id", "parent_id", "created_at", "id"),
        Index("ix_channel_message_thread", "parent_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[str | None] = mapped_column(
        ForeignKey("channel_message.id", ondelete="CASCADE")
    )
    content: Mapped[str] = mapped_column(UserText)
    data: Mapped[dict[str, Any] | None]
    meta: Mapped[dict[str, Any] | None]
    created_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)


class ChannelReaction(Base):
    """That a user reacted to a message; `name` is the short name of an emoji."""

    __tablename__ = "channel_reaction"

    message_id: Mapped[str] = mapped_column(
        ForeignKey("channel_message.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[int] = mapped_column(BigInteger)
