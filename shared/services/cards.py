"""Functions that are switched on, as far as the list of models has to know them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from shared import db
from shared.models.function import ACTION, Function


@dataclass(frozen=True)
class Card:
    """What the list of models knows of a function that is switched on.

    Attributes:
        type: Of `shared.models.function`.
        is_global: Whether it is for all models.
        priority: Filters and actions of lower ones come first.
        shown: An action as the page shows it, or several; empty for what is none.
    """

    id: str
    type: str
    is_global: bool
    priority: float
    shown: tuple[dict[str, Any], ...] = ()


def active() -> list[Card]:
    """List the functions that are switched on, in the order of their priority."""
    columns = (
        Function.id,
        Function.name,
        Function.type,
        Function.is_global,
        Function.meta,
        Function.valves,
    )
    rows = db.session().execute(select(*columns).where(Function.is_active)).all()
    found = [_card(row) for row in rows]
    return sorted(found, key=lambda card: (card.priority, card.id))


def _card(row: Any) -> Card:
    priority = (row.valves or {}).get("priority")
    first = priority if isinstance(priority, int | float) else 0
    shown = tuple(_shown(row)) if row.type == ACTION else ()
    return Card(row.id, row.type, row.is_global, first, shown)


def _shown(row: Any) -> list[dict[str, Any]]:
    """Write an action as the page shows it below answers; source: contract, config §6."""
    icon = (row.meta.get("manifest") or {}).get("icon_url")
    about = {"description": row.meta.get("description") or ""}
    subs = row.meta.get("actions") or []
    if not subs:
        return [{"id": row.id, "name": row.name, **about, "icon_url": icon}]
    return [
        {
            "id": f"{row.id}.{one['id']}",
            "name": one.get("name") or f"{row.name} ({one['id']})",
            **about,
            "icon_url": one.get("icon_url", icon),
        }
        for one in subs
    ]
