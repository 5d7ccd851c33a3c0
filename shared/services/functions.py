"""Functions: source of the admins that takes part in answers. Here it is read and never run."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import defer

from shared import db
from shared.errors import Conflict, NotFound
from shared.ids import now_s
from shared.models.function import PIPE, Function
from shared.services import access, descriptions, models, sources
from shared.services.accounts import Principal
from shared.services.descriptions import Description
from shared.services.sources.actions import sub_actions
from shared.services.sources.attributes import attribute
from shared.services.sources.valves import function_kind
from shared.services.tools import checked_id

# Of what a page shows of a function, what is read from the source.
_READ = ("actions", "toggle", "icon")


@dataclass(frozen=True)
class Draft:
    """What an admin writes of a function.

    Attributes:
        known: What was found out by loading it; None when that is still to be done.
    """

    name: str
    content: str
    meta: dict[str, Any]
    known: Description | None = None


def every(with_source: bool = False) -> list[Function]:
    """List all functions, newest change first; their source is large, and read when wanted."""
    query = select(Function).order_by(Function.updated_at.desc(), Function.id)
    if not with_source:
        query = query.options(defer(Function.content))
    return list(db.session().scalars(query))


def find(user: Principal, function_id: str, action: str = "use") -> Function:
    """Give a function to those who may have it.

    Raises:
        NotFound: There is none.
        Forbidden: The user may not do this.
    """
    row = db.session().get(Function, function_id)
    if row is None:
        raise NotFound
    access.require(user, action, row)
    return row


def free_id(wanted: str) -> str:
    """Give the id that a new function gets.

    Raises:
        Invalid, Conflict: As `create`.
    """
    function_id = checked_id(wanted)
    if db.session().get(Function, function_id) is not None:
        raise Conflict("This id is taken. Please choose another one.")
    return function_id


def create(user: Principal, wanted_id: str, draft: Draft) -> Function:
    """Write a function; it is switched off until an admin switches it on.

    Raises:
        Invalid: The id is no name, or the source is none of a function.
        Conflict: The id is taken.
    """
    db.lock_for_update("functions")
    function_id = free_id(wanted_id)
    row = Function(id=function_id, user_id=user.id, created_at=now_s())
    row.is_active = row.is_global = False
    _fill(row, draft)
    db.session().add(row)
    descriptions.settle(row, user.id, draft.known)
    return row


def change(user: Principal, function_id: str, draft: Draft) -> Function:
    """Write a function anew.

    Raises:
        NotFound, Forbidden: As `find`.
        Invalid: The source is none of a function.
    """
    row = find(user, function_id, "write")
    _tell_catalogue(row)
    _fill(row, draft)
    _tell_catalogue(row)
    descriptions.settle(row, user.id, draft.known)
    return row


def _tell_catalogue(row: Function) -> None:
    """Let the list of models be made anew where a pipe has changed."""
    if row.type == PIPE:
        db.after_commit(models.outdate_offer)


def _fill(row: Function, draft: Draft) -> None:
    source = sources.parse(draft.content)
    row.type = function_kind(source)
    row.name, row.content = draft.name, draft.content
    row.meta, row.updated_at = {**draft.meta, "manifest": source.head}, now_s()
    for name in _READ:
        row.meta.pop(name, None)
    if subs := sub_actions(source):
        row.meta["actions"] = subs
    if attribute(source, "Filter", "toggle") is True:
        row.meta |= {"toggle": True, "icon": _text(attribute(source, "Filter", "icon"))}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def toggle(user: Principal, function_id: str) -> Function:
    """Switch a function on, or off again.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, function_id, "write")
    row.is_active, row.updated_at = not row.is_active, now_s()
    _tell_catalogue(row)
    return row


def toggle_global(user: Principal, function_id: str) -> Function:
    """Let a function be for all models, or only for those that name it.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, function_id, "write")
    row.is_global, row.updated_at = not row.is_global, now_s()
    return row


def remove(user: Principal, function_id: str) -> None:
    """Delete a function.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, function_id, "write")
    _tell_catalogue(row)
    db.session().delete(row)
