"""Routes of chat completions: four forms of answer, one engine behind them."""

import logging
from collections.abc import Iterator
from typing import Any

import orjson
from flask import Blueprint, Response
from sqlalchemy.exc import DBAPIError

from shared.errors import NotFound, SwitchyardError, UpstreamFailed
from shared.ids import new_id
from shared.services import jobs, models
from shared.services.accounts import Principal
from shared.services.answers import Answer
from web import errors, lifecycle
from web.api import endpoint, json_response
from web.auth import Permit, current_user
from web.completions import problems
from web.completions.chunks import Chunks, as_completion
from web.completions.schemas import CompletedForm, CompletionForm
from web.completions.turn import accept
from web.models.routes import ensure_offer
from web.stream import sse
from web.stream.hub import Follow, Numbered, ending_of

log = logging.getLogger(__name__)
bp = Blueprint("completions", __name__)
v1 = Blueprint("completions_v1", __name__)
problems.register(bp, keeps_statuses=True)
problems.register(v1)

# How often a waiting client is looked after: is it still there?
_TICK_S = 1.0
# A provider that has said nothing for so long gets its status line sent without it.
_HEADERS_AFTER_TICKS = 5
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
        return _answer(current_user(), body)
    except NotFound:
        raise errors.Status(400, "Model not found") from None


@v1.post("/chat/completions")
@endpoint(body=CompletionForm, transaction=None, errors=_ERRORS_V1)
def complete_v1(body: CompletionForm) -> Response:
    """Answer a chat exactly as an OpenAI server does; `"background": true` makes it a job to be
    followed.
    """
    return _answer(current_user(), body)


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
@endpoint(body=CompletedForm)
def completed(body: CompletedForm) -> dict[str, Any]:
    """Take note that the page has seen the end of an answer; the server has stored it already."""
    return body.model_dump()


def _answer(user: Principal, form: CompletionForm) -> Response:
    """Answer; if the model is unknown, look whether a newer list has it: a question may come before
    anybody has listed the models, or right after a change of the connections.
    """
    try:
        return _answer_now(user, form)
    except NotFound:
        if not models.is_outdated():
            raise
    ensure_offer()
    return _answer_now(user, form)


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
    job_id = new_id()
    reader = _Reader(user, Follow(job_id, is_new=True))
    with lifecycle.closing_on_error(reader):
        accept(user, form, job_id)
        # What is stored in a chat is wanted also when nobody is listening.
        reader.cancels = not (form.chat_id and form.id)
        answer = _stream(reader, form) if form.stream else _whole(reader, form)
    answer.headers["X-Job-Id"] = job_id
    return answer


class _Reader:
    """A client that holds its request open until the answer is there.

    Attributes:
        cancels: Whether there is a job that nobody wants any more when this client leaves.
    """

    def __init__(self, user: Principal, follow: Follow) -> None:
        self._user, self.follow, self.cancels = user, follow, False
        self.client, self._permit = sse.ClientConnection(), Permit()
        self.follow.__enter__()

    def batches(self) -> Iterator[list[Numbered]]:
        for batch in self.follow.batches(_TICK_S):
            if not self._permit.holds() or (not batch and self.client.is_gone()):
                return
            yield batch

    def close(self) -> None:
        self.follow.__exit__(None, None, None)
        if not self.follow.has_ended and self.cancels and not lifecycle.is_stopping():
            try:
                jobs.cancel(self._user, self.follow.job_id)
            except (SwitchyardError, DBAPIError) as error:
                log.warning("a job whose client has left was not cancelled: %s", error)


def _stream(reader: _Reader, form: CompletionForm) -> Response:
    """Answer with OpenAI's chunks; a provider that fails before its first word is answered with a
    status instead.
    """
    chunks = Chunks(reader.follow.job_id, form.model, form.wants_usage)
    batches = reader.batches()
    first = _first_words(batches)
    return sse.response(_written(reader, chunks, first, batches))


def _first_words(batches: Iterator[list[Numbered]]) -> list[Numbered]:
    """Wait for the first events that say something, or for a while.

    Raises:
        UpstreamFailed: The job ended without a word.
    """
    gathered: list[Numbered] = []
    ticks = 0
    for batch in batches:
        gathered += batch
        ticks += not batch
        if batch and (batch[-1][1].startswith(b'{"type":"failed"')):
            if not any(event.startswith(b'{"type":"delta"') for _, event in gathered):
                raise UpstreamFailed(ending_of(batch[-1][1])[1])
            break
        if ticks >= _HEADERS_AFTER_TICKS or any(not e.startswith(_SILENT) for _, e in batch):
            break
    return gathered


_SILENT = (b'{"type":"started"', b'{"type":"status"', b'{"type":"queued"', b'{"type":"restarted"')


def _written(
    reader: _Reader, chunks: Chunks, first: list[Numbered], batches: Iterator[list[Numbered]]
) -> Iterator[bytes]:
    try:
        yield chunks.begin() + b"".join([chunks.write(event) for _, event in first])
        ticks = 0
        for batch in batches:
            ticks = 0 if batch else ticks + 1
            text = b"".join([chunks.write(event) for _, event in batch])
            if ticks and ticks % int(sse.KEEP_ALIVE_S / _TICK_S) == 0:
                text = sse.KEEP_ALIVE
            if text and (rest := reader.client.write(text)):
                yield rest
    finally:
        reader.close()


def _whole(reader: _Reader, form: CompletionForm) -> Response:
    """Wait for the end and answer in one piece."""
    answer = Answer()
    try:
        for batch in reader.batches():
            for _, event in batch:
                kind, data = ending_of(event)
                if kind == "delta":
                    answer.add(data)
                elif kind == "restarted":
                    answer = Answer()
                elif kind == "failed":
                    raise UpstreamFailed(data)
                elif kind in ("completed", "cancelled"):
                    return json_response(
                        orjson.dumps(as_completion(reader.follow.job_id, form.model, data, answer))
                    )
    finally:
        reader.close()
    return errors.detail("The client has left.", 499)
