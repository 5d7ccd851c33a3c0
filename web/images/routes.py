"""Routes of pictures."""

from typing import Any

from flask import Blueprint, Response

from shared.config.options import option
from shared.errors import UpstreamFailed
from shared.kinds.images import ASK_PAINTER, AskPainter
from shared.queue import Subject
from shared.services import images
from web.api import endpoint
from web.auth import current_user
from web.completions import problems
from web.editor import add_editor
from web.errors import Status
from web.images import painting
from web.images.config import CONFIG, IMAGE
from web.images.schemas import ImageForm, ImageResponse, ModelResponse, OpenAIImageForm, order_of
from web.stream.waiting import ask

bp = Blueprint("images", __name__)
v1 = Blueprint("images_v1", __name__)
problems.register(v1)

add_editor(bp, CONFIG, "/config", "/config/update")
add_editor(bp, IMAGE, "/image/config", "/image/config/update")

_PATIENCE_S = 15.0
_INVALID_URL = "The engine does not answer there. Please check its address and try again."
_WITH_AN_ADDRESS = ("automatic1111", "comfyui")
_ERRORS = {
    400: "Switched off, or no engine is configured: says what to set; or the engine's complaint",
    401: "You may not have pictures made",
    429: "Too many of your jobs wait",
}
_FIELDS = (
    *("image", "mask", "prompt", "n", "size", "model", "response_format", "background"),
    *("stream", "partial_images"),
)


@bp.get("/config/url/verify")
@endpoint(
    response=bool, transaction=None, who="admin", errors={400: "The engine does not answer there"}
)
def verify_url() -> bool:
    """Look whether an engine of one's own is where its address says."""
    if (option("IMAGE_GENERATION_ENGINE") or images.DEFAULT_ENGINE) not in _WITH_AN_ADDRESS:
        return True
    try:
        ask(ASK_PAINTER, AskPainter(question="check"), Subject(current_user().id), _PATIENCE_S)
    except UpstreamFailed:
        raise Status(400, _INVALID_URL) from None
    return True


@bp.get("/models")
@endpoint(response=list[ModelResponse], transaction=None, errors=_ERRORS)
def list_models() -> Any:
    """List the models of the engine that makes pictures."""
    images.engine()
    question = AskPainter(question="models")
    return ask(ASK_PAINTER, question, Subject(current_user().id), _PATIENCE_S)["models"]


@bp.post("/generations")
@endpoint(body=ImageForm, response=list[ImageResponse], transaction=None, errors=_ERRORS)
def generate(body: ImageForm) -> Any:
    """Have pictures made; they become files of who asks."""
    return painting.painted(current_user(), order_of(body))


@v1.post("/images/generations")
@endpoint(body=OpenAIImageForm, transaction=None, errors=_ERRORS)
def generate_v1(body: OpenAIImageForm) -> Response:
    """Have pictures made, as an OpenAI server does; `"background": true` makes it a job to be
    followed.
    """
    return painting.answered(current_user(), body, order_of(body))


@v1.post("/images/edits")
@endpoint(transaction=None, form=_FIELDS, errors=_ERRORS)
def edit_v1() -> Response:
    """Have pictures changed, as an OpenAI server does."""
    return painting.changed(current_user(), varies=False)


@v1.post("/images/variations")
@endpoint(transaction=None, form=_FIELDS, errors=_ERRORS)
def vary_v1() -> Response:
    """Have variations of a picture made, as an OpenAI server does."""
    return painting.changed(current_user(), varies=True)
