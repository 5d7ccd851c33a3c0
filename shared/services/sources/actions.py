"""The actions of a function that has several of them."""

from typing import Any

from shared.services.sources.attributes import attribute
from shared.services.sources.module import Source

_KEPT = ("id", "name", "icon_url")


def sub_actions(source: Source) -> list[dict[str, str]]:
    """List the actions that a function names, each with its `id`; what is computed when it runs is
    not known.
    """
    found = attribute(source, "Action", "actions")
    return [_cleaned(one) for one in _listed(found) if isinstance(one.get("id"), str)]


def _listed(found: object) -> list[dict[str, Any]]:
    items = found if isinstance(found, list | tuple) else []
    return [one for one in items if isinstance(one, dict)]


def _cleaned(one: dict[str, Any]) -> dict[str, str]:
    return {name: one[name] for name in _KEPT if isinstance(one.get(name), str)}
