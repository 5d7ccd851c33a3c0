"""Routes that pass requests on to OpenAI-compatible connections."""

from typing import Any

import orjson
from flask import Blueprint, Response, request

from shared.errors import NotFound
from shared.kinds.proxies import PASS_ON, PassOn
from shared.queue import Subject
from shared.services import connections
from shared.services.connections import OPENAI
from web import passing
from web.api import endpoint, json_response, read_json
from web.audio.routes import answer_to
from web.audio.schemas import SpeechForm
from web.auth import current_user
from web.completions.routes import answer
from web.completions.schemas import CompletionForm
from web.errors import Status
from web.stream.waiting import ask

bp = Blueprint("openai_doors", __name__)
passing.register(bp)

_PATIENCE_S = 300.0
_SPEECH = {400: "No engine is configured, or it does not take the request"}
_ERRORS = {
    400: "The provider's own complaint; other statuses of its own likewise",
    404: "Model not found",
    500: "The provider does not answer",
}


@bp.post("/chat/completions")
@endpoint(body=CompletionForm, transaction=None, who="member", errors=_ERRORS)
def complete(body: CompletionForm) -> Response:
    """Answer a chat in OpenAI's form."""
    try:
        return answer(current_user(), body)
    except NotFound:
        raise Status(404, "Model not found") from None


@bp.post("/audio/speech")
@endpoint(body=SpeechForm, transaction=None, media_type="audio/mpeg", who="member", errors=_SPEECH)
def speak(body: SpeechForm) -> Response:
    """Say a text, by whichever engine is configured."""
    return answer_to(body)


@bp.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
@endpoint(transaction=None, errors=_ERRORS)
def pass_on(path: str) -> Response:
    """Let an admin ask the first connection whatever it understands."""
    first = next((c for c in connections.enabled() if c.kind == OPENAI), None)
    if first is None:
        raise NotFound("There is no OpenAI-compatible connection.")
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    body: Any = read_json()
    if not isinstance(body, dict):
        raise Status(400, "The body must be a JSON object.")
    asked = PassOn(
        kind=OPENAI,
        index=first.index,
        mark=first.mark,
        method=request.method,
        path=f"/{path}{query}",
        body=body or None,
    )
    found = ask(PASS_ON, asked, Subject(current_user().id), _PATIENCE_S)
    return json_response(orjson.dumps(found["answer"]))
