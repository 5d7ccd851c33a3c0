"""Chats: a row each; every message is a row of its own, so that a turn costs the same in a long
chat.
"""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds, UserText


class Chat(Base):
    """A conversation. `data` holds what the client wrote beside its messages, as it came."""

    __tablename__ = "chat"
    __table_args__ = (
        # The sidebar's list, and all of a user's chats, each in the order in which they are shown.
        Index("ix_chat_list", "user_id", "archived", "pinned", "folder_id", "updated_at", "id"),
        Index("ix_chat_owner", "user_id", "updated_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(128))
    title: Mapped[str] = mapped_column(UserText)
    data: Mapped[dict[str, Any]]
    current_id: Mapped[str | None] = mapped_column(String(128))
    # Of its snapshot in `shared_chat`.
    share_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    archived: Mapped[bool] = mapped_column(default=False)
    pinned: Mapped[bool] = mapped_column(default=False)
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)
    folder_id: Mapped[str | None] = mapped_column(String(64), index=True)
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)


class ChatMessage(Base):
    """One message of a chat's tree. `data` holds the fields that we do not know, as they came."""

    __tablename__ = "chat_message"
    __table_args__ = (Index("ix_chat_message_parent", "chat_id", "parent_id", "position"),)

    chat_id: Mapped[str] = mapped_column(
        ForeignKey("chat.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(String(128))
    # Place among the children of the same parent, from 0.
    position: Mapped[int] = mapped_column(default=0)
    role: Mapped[str] = mapped_column(String(32))
    content: Mapped[str] = mapped_column(UserText)
    model: Mapped[str | None] = mapped_column(Text)
    # The job that writes or wrote this answer, and whether it still does.
    job_id: Mapped[str | None] = mapped_column(String(64))
    is_running: Mapped[bool] = mapped_column(default=False)
    data: Mapped[dict[str, Any]]
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)


class Tag(Base):
    """A word by which a user finds chats again. `id` is the name in lower case, blanks as
    underscores.
    """

    __tablename__ = "tag"

    id: Mapped[str] = mapped_column(String(256), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(UserText)
    meta: Mapped[dict[str, Any] | None]


class ChatTag(Base):
    """That a chat has a tag: `meta.tags` of the chat once more, in a form that can be searched."""

    __tablename__ = "chat_tag"
    __table_args__ = (Index("ix_chat_tag_user", "user_id", "tag_id", "chat_id"),)

    chat_id: Mapped[str] = mapped_column(
        ForeignKey("chat.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[str] = mapped_column(String(256), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(128))


class SharedChat(Base):
    """A snapshot of a chat that other members may read; `chat` is the page's form, whole."""

    __tablename__ = "shared_chat"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    chat_id: Mapped[str] = mapped_column(ForeignKey("chat.id", ondelete="CASCADE"), unique=True)
    title: Mapped[str] = mapped_column(UserText)
    chat: Mapped[dict[str, Any]]
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)
