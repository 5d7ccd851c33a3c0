"""Routes of models."""

from typing import Any

from flask import Blueprint, request

from shared.kinds.catalogue import REFRESH_MODELS, RefreshModels
from shared.queue import Subject
from shared.services import models
from web.api import endpoint
from web.auth import current_user
from web.stream.waiting import ask

bp = Blueprint("models", __name__)

# A first list is worth a short wait; afterwards it is kept fresh in the background.
_PATIENCE_S = 8.0


def ensure_offer() -> None:
    """Wait for a first list of models when nobody has asked the connections yet, or when the client
    insists.
    """
    if models.offer() is None or request.args.get("refresh", "").lower() == "true":
        ask(REFRESH_MODELS, RefreshModels(), Subject(), _PATIENCE_S)
        models.forget_catalogue()


@bp.get("/models")
@bp.get("/v1/models")
@endpoint(transaction=None)
def list_models() -> dict[str, Any]:
    """List the models that the user may use."""
    ensure_offer()
    return {
        "object": "list",
        "data": [_shown(model) for model in models.visible_to(current_user())],
    }


@bp.get("/models/base")
@endpoint(transaction=None, who="admin")
def list_base_models() -> dict[str, Any]:
    """List what the connections offer, as they offer it."""
    ensure_offer()
    return {"data": [_shown(model) for model in models.offer() or []]}


def _shown(model: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in model.items() if name != "connection"}
