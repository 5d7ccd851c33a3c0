"""Rows over models: presets of the workspace, and what admins say about upstream models."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from shared import db
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.ids import now_s
from shared.models.catalogue import ModelRow
from shared.services import access, files, knowledge, models, permissions, sharing, skills, tools
from shared.services.accounts import ADMIN, Principal
from shared.services.sharing import Control


@dataclass(frozen=True)
class Draft:
    """What somebody writes of a model.

    Attributes:
        base_model_id: What answers; None for a row that says something about an upstream model.
    """

    base_model_id: str | None
    name: str
    meta: dict[str, Any]
    params: dict[str, Any]
    access_control: Control
    is_active: bool


def presets(user: Principal, action: str = "write") -> list[ModelRow]:
    """List the presets with which a user may do something, newest change first."""
    query = select(ModelRow).where(ModelRow.base_model_id.is_not(None))
    rows = db.session().scalars(query.order_by(ModelRow.updated_at.desc(), ModelRow.id))
    return [row for row in rows if access.can(user, action, row)]


def overrides() -> list[ModelRow]:
    """List what admins say about upstream models."""
    query = select(ModelRow).where(ModelRow.base_model_id.is_(None)).order_by(ModelRow.id)
    return list(db.session().scalars(query))


def every() -> list[ModelRow]:
    """List all rows."""
    return list(db.session().scalars(select(ModelRow).order_by(ModelRow.id)))


def find(user: Principal, model_id: str, action: str = "read") -> ModelRow:
    """Give a row to those who may have it.

    Raises:
        NotFound: There is none, or not for this user to see.
        Forbidden: The user may not do this.
    """
    return sharing.given(user, action, db.session().get(ModelRow, model_id))


def create(user: Principal, model_id: str, draft: Draft) -> ModelRow:
    """Make a preset, or say something about an upstream model.

    Raises:
        Forbidden: The user may not make models, or not of this base.
        Conflict: The id is taken.
    """
    permissions.require(user, "workspace", "models")
    _check_base(user, draft.base_model_id)
    _check_parts(user, draft.meta, {})
    db.lock_for_update("models")
    is_upstream = draft.base_model_id is not None and models.is_offered(model_id)
    if is_upstream or db.session().get(ModelRow, model_id) is not None:
        raise Conflict("This model id is taken. Please choose another one.")
    row = ModelRow(id=model_id, user_id=user.id, created_at=now_s())
    _fill(row, draft, sharing.permitted(user, "models", draft.access_control))
    db.session().add(row)
    return row


def change(user: Principal, model_id: str, draft: Draft) -> ModelRow:
    """Write a row anew.

    Raises:
        NotFound, Forbidden: As `find`; also Forbidden, the base is not for this user.
    """
    row = find(user, model_id, "write")
    if draft.base_model_id != row.base_model_id:
        _check_base(user, draft.base_model_id)
    _check_parts(user, draft.meta, row.meta)
    wanted, before = draft.access_control, row.access_control
    _fill(row, draft, sharing.permitted(user, "models", wanted, before))
    return row


def share(user: Principal, model_id: str, wanted: Control) -> ModelRow:
    """Change whom a row lets in.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, model_id, "write")
    row.access_control = sharing.permitted(user, "models", wanted, row.access_control)
    row.updated_at = now_s()
    _tell_catalogue()
    return row


def put(user: Principal, model_id: str, draft: Draft) -> ModelRow:
    """Write a row, whether or not it is there already.

    Raises:
        As `create` and `change`.
    """
    is_known = db.session().get(ModelRow, model_id) is not None
    return (change if is_known else create)(user, model_id, draft)


def toggle(user: Principal, model_id: str) -> ModelRow:
    """Switch a model off, or on again.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, model_id, "write")
    row.is_active, row.updated_at = not row.is_active, now_s()
    _tell_catalogue()
    return row


def remove(user: Principal, model_id: str) -> None:
    """Delete a row; an upstream model is then as its server offers it.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    db.session().delete(find(user, model_id, "write"))
    _tell_catalogue()


def remove_all() -> None:
    """Delete all rows."""
    db.session().execute(delete(ModelRow))
    _tell_catalogue()


def _fill(row: ModelRow, draft: Draft, control: Control) -> None:
    row.base_model_id, row.name, row.is_active = draft.base_model_id, draft.name, draft.is_active
    row.meta, row.params = draft.meta, draft.params
    row.access_control, row.updated_at = control, now_s()
    _tell_catalogue()


def _check_base(user: Principal, base_model_id: str | None) -> None:
    """Let nobody reach, by a preset, a model that is not theirs to use.

    Raises:
        Forbidden: The base is missing, or not for this user.
    """
    if user.role == ADMIN:
        return
    try:
        models.find_visible(user, base_model_id or "")
    except NotFound:
        raise Forbidden("You may not use this base model.") from None


def _check_parts(user: Principal, meta: dict[str, Any], before: dict[str, Any]) -> None:
    """Let nobody put into a preset what is not theirs to use; what is in it already may stay.

    Raises:
        Invalid: One of the parts is missing, or not for this user.
    """
    if user.role == ADMIN:
        return
    for kind, part_id in _parts(meta) - _parts(before):
        try:
            _FINDERS[kind](user, part_id)
        except (NotFound, Forbidden):
            raise Invalid(f"There is no {kind} '{part_id}' that you may use.") from None


def _parts(meta: dict[str, Any]) -> set[tuple[str, str]]:
    """List what a preset brings along: kind and id of each."""
    parts = {("tool", one) for one in meta.get("toolIds") or () if not one.startswith("server:")}
    parts |= {("skill", one) for one in meta.get("skillIds") or ()}
    for item in meta.get("knowledge") or ():
        kind = "file" if item.get("type") == "file" else "knowledge base"
        parts |= {
            (kind, one) for one in [item.get("id"), *(item.get("collection_names") or ())] if one
        }
    return parts


_FINDERS: dict[str, Callable[[Principal, str], object]] = {
    "file": files.find,
    "knowledge base": knowledge.find,
    "skill": skills.find,
    "tool": tools.find,
}


def _tell_catalogue() -> None:
    db.after_commit(models.forget_catalogue)
