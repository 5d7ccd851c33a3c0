"""The routes of valves, which tools and functions have alike."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint
from pydantic import RootModel

from shared.services import valves
from shared.services.accounts import Principal
from shared.services.sources.valves import ADMINS, USERS
from shared.services.valves import Thing
from web.api import endpoint
from web.auth import current_user

Find = Callable[[Principal, str, str], Thing]

_HIDDEN = {401: "No such thing, or not yours to change"}
_UNFIT = {400: "There are no valves, or a value does not fit"}
_PATH = "/id/<thing_id>/valves"


class ValuesForm(RootModel[dict[str, Any]]):
    """Values by their names."""


def add_valves(bp: Blueprint, find: Find, use: str, who: str | None = None) -> None:
    """Add six routes to a blueprint.

    Args:
        find: Gives a thing to a user who may do something with it.
        use: The action that every user of the thing may do.
        who: Who may enter those of the admins' valves, where it differs from the area.
    """
    _add_admins(bp, find, use, who)
    _add_users(bp, lambda thing_id: find(current_user(), thing_id, use))


def _add_admins(bp: Blueprint, find: Find, use: str, who: str | None) -> None:
    @bp.get(_PATH)
    @endpoint(who=who, errors=_HIDDEN)
    def show_valves(thing_id: str) -> dict[str, Any] | None:
        """Show the values of the valves to who may change the thing; secrets as masks."""
        return valves.shown(find(current_user(), thing_id, "write").valves)

    @bp.get(f"{_PATH}/spec")
    @endpoint(who=who, errors=_HIDDEN)
    def describe_valves(thing_id: str) -> dict[str, Any] | None:
        """Describe the valves as a JSON schema; null when there are none."""
        return valves.described(find(current_user(), thing_id, use), ADMINS)

    @bp.post(f"{_PATH}/update")
    @endpoint(body=ValuesForm, who=who, errors={**_UNFIT, **_HIDDEN})
    def update_valves(thing_id: str, body: ValuesForm) -> dict[str, Any] | None:
        """Set the valves; a mask keeps the secret that is there."""
        return valves.set_values(find(current_user(), thing_id, "write"), body.root)


def _add_users(bp: Blueprint, find: Callable[[str], Thing]) -> None:
    @bp.get(f"{_PATH}/user")
    @endpoint(errors=_HIDDEN)
    def show_own_valves(thing_id: str) -> dict[str, Any] | None:
        """Show what the user has set."""
        return valves.shown(valves.of_user(current_user().id, find(thing_id)))

    @bp.get(f"{_PATH}/user/spec")
    @endpoint(errors=_HIDDEN)
    def describe_own_valves(thing_id: str) -> dict[str, Any] | None:
        """Describe what a user may set; null when that is nothing."""
        return valves.described(find(thing_id), USERS)

    @bp.post(f"{_PATH}/user/update")
    @endpoint(body=ValuesForm, errors={**_UNFIT, **_HIDDEN})
    def update_own_valves(thing_id: str, body: ValuesForm) -> dict[str, Any] | None:
        """Set what the user wants."""
        return valves.set_of_user(current_user().id, find(thing_id), body.root)
