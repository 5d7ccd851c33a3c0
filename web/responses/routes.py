"""Routes of responses: OpenAI's Responses API over jobs and their event logs."""

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Blueprint, Response
from pydantic import ValidationError

from shared import db
from shared.errors import Invalid, NotFound
from shared.ids import new_id, now_s
from shared.models.job import Job
from shared.services import jobs
from shared.services.accounts import Principal
from shared.services.responses import shape
from shared.services.responses.asking import chat_request, messages_of
from shared.services.responses.form import ResponseForm
from web import errors, lifecycle
from web.api import endpoint, json_response
from web.auth import Permit, current_user
from web.completions import problems
from web.completions.reading import Reader, gathered, streamed
from web.completions.routes import with_newest_models
from web.completions.schemas import CompletionForm
from web.completions.turn import accept
from web.paging import page
from web.responses.events import ResponseEvents
from web.responses.schemas import DeletedResponse, ItemsQuery, ShowQuery
from web.stream import sse
from web.stream.hub import Follow

bp = Blueprint("responses", __name__)
problems.register(bp)

_DOOR = "responses"
_ERRORS = {
    400: "The provider's complaint, or something that is not offered here",
    404: "Unknown model, or no such response",
    429: "Too many of your jobs wait",
}
_UNKNOWN = {404: "No such response, or not yours"}


@bp.post("/responses")
@endpoint(body=ResponseForm, transaction=None, errors=_ERRORS)
def create(body: ResponseForm) -> Response:
    """Make a response: whole, as a stream, or in the background to be followed later."""
    return with_newest_models(lambda: _create(current_user(), body))


def _create(user: Principal, form: ResponseForm) -> Response:
    if form.background and not form.store:
        raise Invalid("A response in the background has to be stored: `store` may not be false.")
    with db.reading():
        before = _messages_before(user, form.previous_response_id)
    completion = _completion(chat_request(form, before))
    about = {name: getattr(form, name) for name in shape.TOLD}
    about |= {"door": _DOOR, "input": form.input}
    job_id = new_id()
    response = shape.skeleton(job_id, about, now_s())
    if form.background and not form.stream:
        accept(user, completion, job_id, about)
        return _json(response)
    reader = Reader(user, Follow(job_id, is_new=True))
    with lifecycle.closing_on_error(reader):
        accept(user, completion, job_id, about)
        reader.cancels = not form.background
        return _written(reader, form, response)


def _completion(body: dict[str, Any]) -> CompletionForm:
    try:
        told = {"stream": True, "stream_options": {"include_usage": True}}
        return CompletionForm.model_validate({**body, **told})
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise Invalid(f"This cannot be asked, at {place}: {problem['msg']}.") from None


def _written(reader: Reader, form: ResponseForm, response: dict[str, Any]) -> Response:
    job_id = reader.follow.job_id
    if form.stream:
        return streamed(reader, ResponseEvents(job_id, response))
    found = gathered(reader)
    if found is None:
        return errors.detail("The client has left.", 499)
    data, answer = found
    told = {"finish_reason": answer.finish_reason, **data, "text": answer.text}
    told["message"] = answer.as_message()
    return _json({**response, **shape.ended("completed", told, job_id, now_s())})


def _json(response: dict[str, Any]) -> Response:
    return json_response(orjson.dumps(response))


def _messages_before(user: Principal, previous: str | None) -> list[dict[str, Any]]:
    """Give the messages of a response and of those that it went on from.

    Raises:
        NotFound: There is none, or not for this user.
        Invalid: It has not ended yet.
    """
    if previous is None:
        return []
    job = _job(user, previous)
    ending = jobs.last_event(job)
    if ending is None:
        raise Invalid("The response that this one goes on from has not ended yet.")
    asked = list(job.request["body"]["messages"])
    if (job.request.get("about") or {}).get("instructions"):
        asked = asked[1:]  # they hold for their own response only
    return asked + messages_of(shape.output_of(ending[1], job.id))


def _job(user: Principal, response_id: str, action: str = "read") -> Job:
    unknown = NotFound(f"There is no response '{response_id[:80]}'.")
    if not response_id.startswith(shape.PREFIX):
        raise unknown
    try:
        job = jobs.find(user, response_id.removeprefix(shape.PREFIX), action)
    except NotFound:
        raise unknown from None
    about = job.request.get("about") or {}
    if about.get("door") != _DOOR or not about.get("store"):
        raise unknown
    return job


@bp.get("/responses/<response_id>")
@endpoint(query=ShowQuery, transaction=None, errors=_UNKNOWN)
def show(response_id: str, query: ShowQuery) -> Response:
    """Show a response; with `stream`, follow it from the event behind `starting_after` on."""
    with db.reading():
        shown = shape.of_job(_job(current_user(), response_id))
    if not query.stream:
        return _json(shown)
    job_id = response_id.removeprefix(shape.PREFIX)
    fresh = {**shown, "status": "queued", "output": [], "usage": None, "error": None}
    writer = ResponseEvents(job_id, fresh, query.starting_after)
    return sse.response(_followed(Follow(job_id), writer, sse.ClientConnection(), Permit()))


def _followed(
    follow: Follow, writer: ResponseEvents, client: sse.ClientConnection, permit: Permit
) -> Iterator[bytes]:
    with follow:
        yield sse.KEEP_ALIVE + writer.begin()
        for batch in follow.batches(sse.KEEP_ALIVE_S):
            if not permit.holds():
                return
            text = b"".join([writer.write(event) for _, event in batch])
            if rest := client.write(text or sse.KEEP_ALIVE):
                yield rest


@bp.get("/responses/<response_id>/input_items")
@endpoint(query=ItemsQuery, errors=_UNKNOWN)
def list_input(response_id: str, query: ItemsQuery) -> dict[str, Any]:
    """List what a response was asked, newest item first."""
    given = _job(current_user(), response_id).request["about"]["input"]
    items = given if isinstance(given, list) else [{"role": "user", "content": given}]
    shown = [_input_item(response_id, place, item) for place, item in enumerate(items)]
    if query.order == "desc":
        shown.reverse()
    ids = [item["id"] for item in shown]
    start = ids.index(query.after) + 1 if query.after in ids else 0
    return page(shown[start : start + query.limit + 1], query.limit)


def _input_item(response_id: str, place: int, item: dict[str, Any]) -> dict[str, Any]:
    shown = {"type": "message", "id": f"in_{place}_{response_id}", **item}
    if isinstance(shown.get("content"), str):
        kind = "output_text" if shown.get("role") == "assistant" else "input_text"
        shown["content"] = [{"type": kind, "text": shown["content"]}]
    return shown


@bp.post("/responses/<response_id>/cancel")
@endpoint(transaction=None, errors={**_UNKNOWN, 400: "It is not in the background"})
def cancel(response_id: str) -> Response:
    """End a response in the background before it is done; what it has made is kept. As often as one
    likes.
    """
    user = current_user()
    with db.reading():
        job = _job(user, response_id, "cancel")
    if not job.request["about"].get("background"):
        raise Invalid("Only a response in the background can be cancelled.")
    jobs.cancel(user, job.id)
    with db.reading():
        shown = shape.of_job(_job(user, response_id))
    return _json({**shown, "status": "cancelled"} if _is_open(shown) else shown)


def _is_open(shown: dict[str, Any]) -> bool:
    return shown["status"] in ("queued", "in_progress")


@bp.delete("/responses/<response_id>")
@endpoint(response=DeletedResponse, errors={**_UNKNOWN, 400: "It has not ended yet"})
def delete(response_id: str) -> DeletedResponse:
    """Delete a response."""
    job = _job(current_user(), response_id, "delete")
    if jobs.last_event(job) is None:
        raise Invalid("The response has not ended yet; cancel it first.")
    db.session().delete(job)
    return DeletedResponse(id=response_id)
