"""Routes of the rows over models: presets, and what admins say about upstream models."""

from typing import Any

from flask import Blueprint

from shared import db
from shared.errors import Conflict, Forbidden
from shared.models.catalogue import ModelRow
from shared.services import presets
from shared.services.accounts import ADMIN
from web.api import endpoint
from web.auth import current_user
from web.errors import Status, detail, hide_what_is_missing
from web.models.routes import ensure_offer
from web.models.schemas import (
    MaybeWhichQuery,
    ModelForm,
    ModelGrantsForm,
    ModelResponse,
    ModelsForm,
    ModelsResponse,
    OwnedModelResponse,
    PageQuery,
    WhichForm,
    WhichQuery,
)
from web.page import pictures, showing
from web.sharing import with_owners

bp = Blueprint("workspace_models", __name__)
hide_what_is_missing(bp)
# The contract answers 401 for an id that is taken, too.
bp.register_error_handler(Conflict, lambda error: detail(error.message, 401))

_HIDDEN = {401: "No such model, or not yours to change"}
_NOT_YOURS = {400: "Not yours to change", 401: "No such model"}
_REFUSED = {401: "The id is taken, or the user may not make models, or not of this base"}
_PAGE = 30


@bp.get("/")
@endpoint(response=list[OwnedModelResponse])
def list_presets() -> list[dict[str, Any]]:
    """List the presets that the user may change."""
    return with_owners(presets.presets(current_user()), OwnedModelResponse)


@bp.get("/list")
@endpoint(query=PageQuery, response=ModelsResponse)
def page_presets(query: PageQuery) -> dict[str, Any]:
    """List the presets that the user may change, page by page."""
    wanted = query.query.casefold()
    rows = [
        row
        for row in presets.presets(current_user())
        if wanted in row.name.casefold() or wanted in row.id.casefold()
    ]
    first = (query.page - 1) * _PAGE
    shown = with_owners(rows[first : first + _PAGE], OwnedModelResponse)
    return {"items": shown, "total": len(rows)}


@bp.get("/tags")
@endpoint(response=list[str])
def list_tags() -> list[str]:
    """List the tags of the presets that the user may use."""
    return _tags_of(presets.presets(current_user(), "read"))


def _tags_of(rows: list[ModelRow]) -> list[str]:
    tags = (tag for row in rows for tag in row.meta.get("tags") or ())
    return sorted({tag["name"] for tag in tags if isinstance(tag, dict) and "name" in tag})


@bp.get("/base/tags")
@endpoint(response=list[str], who="admin")
def list_override_tags() -> list[str]:
    """List the tags of what admins say about upstream models."""
    return _tags_of(presets.overrides())


@bp.get("/base")
@endpoint(response=list[ModelResponse], who="admin")
def list_overrides() -> list[ModelRow]:
    """List what admins say about upstream models."""
    return presets.overrides()


@bp.get("/export")
@endpoint(response=list[ModelResponse], who="admin")
def export_models() -> list[ModelRow]:
    """List all rows, to be imported elsewhere."""
    return presets.every()


@bp.post("/import")
@endpoint(body=ModelsForm, response=bool, who="admin", errors=_REFUSED)
def import_models(body: ModelsForm) -> bool:
    """Write rows; those that are there already are written anew."""
    for form in body.models:
        presets.put(current_user(), form.id, form.draft)
    return True


@bp.post("/create")
@endpoint(body=ModelForm, response=ModelResponse, transaction=None, errors=_REFUSED)
def create_model(body: ModelForm) -> ModelRow:
    """Make a preset, or say something about an upstream model."""
    _know_bases()
    with db.transaction():
        return presets.create(current_user(), body.id, body.draft)


def _know_bases() -> None:
    """Let the connections tell their models before it is asked who may use one as a base; admins
    may use any.
    """
    if current_user().role != ADMIN:
        ensure_offer()


@bp.get("/model")
@endpoint(query=WhichQuery, response=ModelResponse, errors=_HIDDEN)
def show_model(query: WhichQuery) -> ModelRow:
    """Give a row."""
    return presets.find(current_user(), query.id)


@bp.post("/model/toggle")
@endpoint(query=WhichQuery, response=ModelResponse, errors=_HIDDEN)
def toggle_model(query: WhichQuery) -> ModelRow:
    """Switch a model off, or on again."""
    return presets.toggle(current_user(), query.id)


@bp.post("/model/update")
@endpoint(
    query=MaybeWhichQuery,
    body=ModelForm,
    response=ModelResponse,
    transaction=None,
    errors=_NOT_YOURS,
)
def update_model(query: MaybeWhichQuery, body: ModelForm) -> ModelRow:
    """Write a row anew; the id of the query counts before that of the body."""
    _know_bases()
    try:
        with db.transaction():
            return presets.change(current_user(), query.id or body.id, body.draft)
    except Forbidden as error:
        raise Status(400, error.message) from None  # so the contract, here only


@bp.post("/model/access/update")
@endpoint(body=ModelGrantsForm, response=ModelResponse, errors=_HIDDEN)
def share_model(body: ModelGrantsForm) -> ModelRow:
    """Change whom a model lets in."""
    return presets.share(current_user(), body.id, body.control)


@bp.get("/model/profile/image")
@endpoint(query=WhichQuery, transaction=None, media_type="image/png", errors=_HIDDEN)
def show_picture(query: WhichQuery) -> Any:
    """Give a model's picture, or lead to it."""
    return showing.shown(_picture_of(query.id), pictures.of_models())


def _picture_of(model_id: str) -> str:
    with db.reading():
        return presets.find(current_user(), model_id).meta.get("profile_image_url") or ""


@bp.delete("/model/delete")
@endpoint(query=WhichQuery, response=bool, errors=_HIDDEN)
def delete_model(query: WhichQuery) -> bool:
    """Delete a row."""
    presets.remove(current_user(), query.id)
    return True


@bp.post("/model/delete")
@endpoint(body=WhichForm, response=bool, errors=_HIDDEN)
def delete_model_by_form(body: WhichForm) -> bool:
    """Delete a row."""
    presets.remove(current_user(), body.id)
    return True


@bp.delete("/delete/all")
@endpoint(response=bool, who="admin")
def delete_all_models() -> bool:
    """Delete all rows."""
    presets.remove_all()
    return True
