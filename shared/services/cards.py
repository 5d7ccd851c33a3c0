"""Functions that are switched on, as far as the list of models has to know them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from shared import db
from shared.models.function import ACTION, FILTER, Function


@dataclass(frozen=True)
class Card:
    """What the list of models knows of a function that is switched on.

    Attributes:
        type: Of `shared.models.function`.
        is_global: Whether it is for all models.
        priority: Filters and actions of lower ones come first.
        shown: An action as the page shows it, or several; a filter that users switch on; empty for
            what is neither.
        is_choice: Whether it is a filter that users switch on for a request.
    """

    id: str
    type: str
    is_global: bool
    priority: float
    shown: tuple[dict[str, Any], ...] = ()
    is_choice: bool = False


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
    is_choice = row.type == FILTER and row.meta.get("toggle") is True
    shown = tuple(_shown(row, is_choice)) if is_choice or row.type == ACTION else ()
    return Card(row.id, row.type, row.is_global, first, shown, is_choice)


def _shown(row: Any, is_choice: bool) -> list[dict[str, Any]]:
    """Write an action as the page shows it below answers, or a filter as newer pages show it below
    the question; source: contract, config §6, and page (`/api/models` of 0.12.4).
    """
    icon = (row.meta.get("manifest") or {}).get("icon_url")
    about = {"description": row.meta.get("description") or ""}
    if is_choice:
        return [{"id": row.id, "name": row.name, **about, "icon": row.meta.get("icon") or icon}]
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
