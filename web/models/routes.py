"""Routes of models."""

import threading
from typing import Any

from flask import Blueprint, request

from shared.errors import Unavailable
from shared.kinds.catalogue import REFRESH_MODELS, RefreshModels
from shared.queue import Subject
from shared.services import models
from web.api import endpoint
from web.auth import current_user
from web.stream.waiting import ask

bp = Blueprint("models", __name__)

# How a model is found again; nobody's business.
_INNER = ("connection", "mark")
_INNER_OF_PIPES = (*_INNER, "urlIdx", "connection_type", "tags")

# A first list is worth a short wait; afterwards it is kept fresh in the background.
_PATIENCE_S = 8.0
_asking = threading.Lock()


def ensure_offer() -> None:
    """Wait for a list of models when nobody has asked the connections yet, or not since they were
    changed, or when the client insists.
    """
    if request.args.get("refresh", "").lower() == "true":
        _refresh()
    elif models.is_outdated():
        _refresh_once()


def _refresh_once() -> None:
    """Ask once for all who want it at the same time."""
    if not _asking.acquire(timeout=_PATIENCE_S):
        raise Unavailable("The connections have not told their models yet. Please try again.")
    try:
        if models.is_outdated():
            _refresh()
    finally:
        _asking.release()


def _refresh() -> None:
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
        "data": [shown(model) for model in models.visible_to(current_user())],
    }


@bp.get("/models/base")
@endpoint(transaction=None, who="admin")
def list_base_models() -> dict[str, Any]:
    """List what the connections offer, as they offer it."""
    ensure_offer()
    return {"data": [shown(model) for model in models.offer() or []]}


def shown(model: dict[str, Any]) -> dict[str, Any]:
    """Give a model as clients see it."""
    inner = _INNER_OF_PIPES if "pipe" in model else _INNER
    return {name: value for name, value in model.items() if name not in inner}
