"""The arena: models behind whose name one of several others answers, so that users judge answers
without knowing whose they are.

Source: contract, config §6 ("Models list") and chat-flow §11.
"""

from collections.abc import Sequence
from typing import Any

from shared.config.options import option
from shared.ids import now_s
from shared.services import access
from shared.services.accounts import Principal

_DEFAULT = {
    "id": "arena-model",
    "name": "Arena Model",
    "meta": {
        "profile_image_url": "/favicon.png",
        "description": "One of the other models answers; which one is told with the answer.",
        "model_ids": None,
    },
}
_EXCLUDE = "exclude"


def models() -> list[dict[str, Any]]:
    """List the models of the arena, as the catalogue has them."""
    if not option("ENABLE_EVALUATION_ARENA_MODELS"):
        return []
    return [_as_model(about) for about in option("EVALUATION_ARENA_MODELS") or [_DEFAULT]]


def _as_model(about: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": about["id"],
        "name": about["name"],
        "info": {"meta": about["meta"]},
        "object": "model",
        "created": now_s(),
        "owned_by": "arena",
        "arena": True,
        "actions": [],
        "filters": [],
        "tags": [],
    }


def names_models(model: dict[str, Any]) -> bool:
    """Whether an admin has said which models answer behind this one: then whoever has it has these,
    as with a preset. Else only those answer that the user has anyway.
    """
    meta = model["info"]["meta"]
    return bool(meta.get("model_ids")) and meta.get("filter_mode") != _EXCLUDE


def candidates(
    user: Principal, model: dict[str, Any], catalogue: Sequence[dict[str, Any]]
) -> list[str]:
    """List the models that may answer behind one of the arena.

    Args:
        catalogue: All models.
    """
    named = set(model["info"]["meta"].get("model_ids") or ())
    others = [other for other in catalogue if not other.get("arena")]
    if names_models(model):
        return [other["id"] for other in others if other["id"] in named]
    return [
        other["id"]
        for other in others
        if other["id"] not in named and access.can(user, "read", other)
    ]
