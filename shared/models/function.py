"""Functions: source of an admin that takes part in every answer, or makes models of its own."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds, UserText

PIPE, FILTER, ACTION = "pipe", "filter", "action"


class Function(Base):
    """A function. It belongs to the installation: it outlives the admin who has put it there."""

    __tablename__ = "function"

    id: Mapped[str] = mapped_column(String(256), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(UserText)
    # One of PIPE, FILTER, ACTION.
    type: Mapped[str] = mapped_column(String(16))
    content: Mapped[str] = mapped_column(UserText)
    meta: Mapped[dict[str, Any]]
    # Its secrets are sealed; read them with `shared.services.valves`.
    valves: Mapped[dict[str, Any] | None]
    # What was found out by loading it; see `shared.services.descriptions`.
    described: Mapped[dict[str, Any] | None]
    is_active: Mapped[bool] = mapped_column(default=False)
    # Whether a filter or an action is for all models.
    is_global: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)

    @property
    def problem(self) -> str | None:
        """Why it cannot be loaded; None when it can, or when that is not known yet."""
        return (self.described or {}).get("problem")
