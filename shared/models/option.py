"""Options that an admin saved, and what the server notes for itself: one row per dotted key."""

from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds


class OptionRow(Base):
    """A saved value. Secrets are encrypted inside `value`."""

    __tablename__ = "option"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON(none_as_null=False), nullable=True)
    updated_at: Mapped[int] = mapped_column(Seconds)
