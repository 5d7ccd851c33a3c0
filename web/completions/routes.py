"""Routes of chat completions: four forms of answer, one engine behind them."""

from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from flask import Blueprint, Response

from shared.errors import NotFound
from shared.ids import new_id
from shared.services import models
from shared.services.accounts import Principal
from web import errors, lifecycle
from web.api import endpoint, json_response
from web.auth import current_user
from web.completions import actions, problems
from web.completions.chunks import Chunks, as_completion
from web.completions.completed import finished
from web.completions.reading import Reader, gathered, streamed
from web.completions.schemas import CompletedForm, CompletionForm
from web.completions.turn import accept
from web.models.routes import ensure_offer
from web.stream.hub import Follow

T = TypeVar("T")

bp = Blueprint("completions", __name__)
v1 = Blueprint("completions_v1", __name__)
problems.register(bp, keeps_statuses=True)
problems.register(v1)

_ERRORS = {400: "Unknown model, or the provider's own complaint", 429: "Too many of your jobs wait"}
# OpenAI's statuses, where they are not those of the contract.
_LOCKED_OUT_V1 = {401: "No key, or one that is not good", 403: "You may not do this"}
_ERRORS_V1 = {
    **_LOCKED_OUT_V1,
    400: "The provider's complaint about the request",
    404: "Unknown model",
    429: "Too many of your jobs wait, or the provider asks to be asked less often",
    502: "The provider cannot be reached, fails, or does not accept this server's key",
    504: "The provider takes too long",
}


@bp.post("/chat/completions")
@bp.post("/v1/chat/completions")
@endpoint(body=CompletionForm, transaction=None, errors=_ERRORS)
def complete(body: CompletionForm) -> Response:
    """Answer a chat: as a stream, in one piece, over the page's sockets, or as a job to be followed
    elsewhere.
    """
    try:
        return answer(current_user(), body)
    except NotFound:
        raise errors.Status(400, "Model not found") from None


@v1.post("/chat/completions")
@endpoint(body=CompletionForm, transaction=None, errors=_ERRORS_V1)
def complete_v1(body: CompletionForm) -> Response:
    """Answer a chat exactly as an OpenAI server does; `"background": true` makes it a job to be
    followed.
    """
    return answer(current_user(), body)


@v1.get("/models")
@endpoint(transaction=None, errors=_LOCKED_OUT_V1)
def list_models() -> dict[str, Any]:
    """List the models in OpenAI's form."""
    ensure_offer()
    return {"object": "list", "data": [_model(m) for m in models.visible_to(current_user())]}


@v1.get("/models/<path:model_id>")
@endpoint(transaction=None, errors={**_LOCKED_OUT_V1, 404: "Unknown model"})
def show_model(model_id: str) -> dict[str, Any]:
    """Show a model in OpenAI's form."""
    ensure_offer()
    return _model(models.find_visible(current_user(), model_id))


def _model(model: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": model["id"],
        "object": "model",
        "created": model["created"],
        "owned_by": model["owned_by"],
    }


@bp.post("/chat/completed")
@endpoint(body=CompletedForm, transaction=None, errors={400: "Unknown model, or a filter fails"})
def show_completed(body: CompletedForm) -> dict[str, Any]:
    """Give the page a chat as the filters of its model want it after an answer."""
    try:
        return with_newest_models(lambda: finished(current_user(), body))
    except NotFound:
        raise errors.Status(400, "Model not found") from None


@bp.post("/chat/actions/<path:action_id>")
@endpoint(
    body=CompletedForm,
    transaction=None,
    errors={400: "Unknown model, or the action fails", 404: "The model has no such action"},
)
def run_action(action_id: str, body: CompletedForm) -> Any:
    """Run an action of the installation below an answer, and give what it returns."""
    try:
        return with_newest_models(lambda: actions.run(current_user(), action_id, body))
    except NotFound:
        raise errors.Status(400, "Model not found") from None


def answer(user: Principal, form: CompletionForm) -> Response:
    """Answer a completion in whichever of the forms its request asks for.

    Raises:
        NotFound: No such model for this user.
    """
    return with_newest_models(lambda: _answer_now(user, form))


def with_newest_models(work: Callable[[], T]) -> T:
    """Answer; if the model is unknown, look whether a newer list has it: a question may come before
    anybody has listed the models, or right after a change of the connections.

    Raises:
        NotFound: It is unknown all the same.
    """
    try:
        return work()
    except NotFound:
        if not models.is_outdated():
            raise
    ensure_offer()
    return work()


def _answer_now(user: Principal, form: CompletionForm) -> Response:
    if form.background:
        turn = accept(user, form)
        return json_response(orjson.dumps({"job": turn.job_id, "status": "queued"}), 202)
    if form.is_page_turn and form.stream:
        turn = accept(user, form)
        ack = {
            "status": True,
            "task_id": turn.job_id,
            "task_ids": [turn.job_id],
            "chat_id": form.chat_id,
        }
        return json_response(orjson.dumps(ack))
    return answer_open_request(user, form, _write)


def answer_open_request(
    user: Principal, form: CompletionForm, write: Callable[[Reader, CompletionForm], Response]
) -> Response:
    """Accept a completion whose client waits for the answer, and let `write` answer it.

    Raises:
        NotFound: No such model for this user.
    """
    job_id = new_id()
    reader = Reader(user, Follow(job_id, is_new=True))
    with lifecycle.closing_on_error(reader):
        accept(user, form, job_id)
        # What is stored in a chat is wanted also when nobody is listening.
        reader.cancels = not (form.chat_id and form.id)
        response = write(reader, form)
    response.headers["X-Job-Id"] = job_id
    return response


def _write(reader: Reader, form: CompletionForm) -> Response:
    job_id = reader.follow.job_id
    if form.stream:
        return streamed(reader, Chunks(job_id, form.model, form.wants_usage))
    found = gathered(reader)
    if found is None:
        return errors.detail("The client has left.", 499)
    return json_response(orjson.dumps(as_completion(job_id, form.model, *found)))
