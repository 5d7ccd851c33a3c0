"""Routes of embeddings, over whichever connection has the model."""

from typing import Any

from flask import Blueprint

from shared.errors import NotFound
from shared.kinds.proxies import PASS_ON, PassOn
from shared.queue import Subject
from shared.services import models
from shared.services.connections import OLLAMA
from web.api import endpoint
from web.auth import current_user
from web.completions import problems
from web.embeddings.schemas import EmbeddingsForm, EmbeddingsResponse
from web.errors import Status
from web.models.routes import ensure_offer
from web.stream.waiting import ask

bp = Blueprint("embeddings", __name__)
v1 = Blueprint("embeddings_v1", __name__)
problems.register(bp, keeps_statuses=True)
problems.register(v1)

_PATIENCE_S = 300.0
_ERRORS = {400: "The provider's complaint", 404: "Unknown model"}


@bp.post("/embeddings")
@bp.post("/v1/embeddings")
@endpoint(body=EmbeddingsForm, response=EmbeddingsResponse, transaction=None, errors=_ERRORS)
def embed(body: EmbeddingsForm) -> dict[str, Any]:
    """Give the vectors of some texts."""
    try:
        return _embed(body)
    except NotFound:
        raise Status(400, "Model not found") from None


@v1.post("/embeddings")
@endpoint(body=EmbeddingsForm, response=EmbeddingsResponse, transaction=None, errors=_ERRORS)
def embed_v1(body: EmbeddingsForm) -> dict[str, Any]:
    """Give the vectors of some texts exactly as an OpenAI server does."""
    return _embed(body)


def _embed(form: EmbeddingsForm) -> dict[str, Any]:
    ensure_offer()
    user = current_user()
    route = models.route(user, form.model)
    connection = route.connection
    request = PassOn(
        kind=connection.kind,
        index=connection.index,
        mark=connection.mark,
        # Ollama speaks OpenAI's protocol too, below /v1.
        path="/v1/embeddings" if connection.kind == OLLAMA else "/embeddings",
        body={**form.model_dump(exclude_unset=True), "model": route.upstream_id},
        model=form.model,
    )
    found: dict[str, Any] = ask(PASS_ON, request, Subject(user.id), _PATIENCE_S)["answer"]
    return {**found, "model": form.model}
