"""Groups: users who share permissions and what is shared with the group."""

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds, UserText


class Group(Base):
    """Some users. `user_id` made it; `permissions` add to what every user may do."""

    __tablename__ = "group"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(UserText)
    description: Mapped[str] = mapped_column(UserText)
    permissions: Mapped[dict[str, Any] | None]
    data: Mapped[dict[str, Any] | None]
    meta: Mapped[dict[str, Any] | None]
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)


class GroupMember(Base):
    """One user in one group."""

    __tablename__ = "group_member"

    group_id: Mapped[str] = mapped_column(
        ForeignKey("group.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True
    )
