"""Tools: source that a model may let run."""

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, JSONColumn, Seconds, UserText


class Tool(Base):
    """A tool of the workspace. `specs` describes its functions."""

    __tablename__ = "tool"

    id: Mapped[str] = mapped_column(String(256), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(UserText)
    content: Mapped[str] = mapped_column(UserText)
    specs: Mapped[list[Any]]
    meta: Mapped[dict[str, Any]]
    # Its secrets are sealed; read them with `shared.services.valves`.
    valves: Mapped[dict[str, Any] | None]
    # What was found out by loading it; see `shared.services.descriptions`.
    described: Mapped[dict[str, Any] | None]
    # None: everybody may read; {}: the owner only; else {"read": {...}, "write": {...}}.
    access_control: Mapped[dict[str, Any] | None] = mapped_column(JSONColumn)
    created_at: Mapped[int] = mapped_column(Seconds)
    updated_at: Mapped[int] = mapped_column(Seconds)

    @property
    def problem(self) -> str | None:
        """Why it cannot be loaded; None when it can, or when that is not known yet."""
        return (self.described or {}).get("problem")
