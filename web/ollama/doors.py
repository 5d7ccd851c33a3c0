"""Routes that speak as an Ollama server does, over all connections that a user may use."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
from flask import Blueprint, Response

from shared import db
from shared.errors import NotFound, UpstreamFailed
from shared.ids import new_id
from shared.kinds.base import JobSpec
from shared.kinds.proxies import PASS_ON, PassOn
from shared.queue import Subject
from shared.services import connections, jobs, models
from shared.services.connections import OLLAMA, Connection
from web import errors, lifecycle, passing
from web.api import endpoint, json_response
from web.auth import current_user
from web.completions.reading import Reader, Writer, gathered, streamed
from web.completions.routes import answer, answer_open_request, with_newest_models
from web.completions.schemas import CompletionForm
from web.errors import Status
from web.models.routes import ensure_offer
from web.ollama.lines import ChatLines, ItemEvents, ItemLines, whole_chat
from web.ollama.schemas import (
    ChatForm,
    EmbeddingsForm,
    EmbedForm,
    GenerateForm,
    NameForm,
    PlaceQuery,
)
from web.ollama.translation import completion_form
from web.stream import sse
from web.stream.hub import Follow
from web.stream.waiting import ask

bp = Blueprint("ollama_doors", __name__)
passing.register(bp)

PATIENCE_S = 300.0
_QUICK_S = 15.0
ERRORS = {
    400: "Unknown model, or the server's own complaint; other statuses of its own likewise",
    404: "The server does not know the model",
    429: "Too many of your jobs wait",
    500: "The server does not answer",
}
_INDEX = "<int(signed=True):url_idx>"


def both(area: Blueprint, path: str, method: str = "POST") -> Callable[[Any], Any]:
    """Let a view answer a path, and the same path with the place of a connection behind it."""

    def register(view: Any) -> Any:
        area.route(path, methods=[method])(view)
        area.route(f"{path}/{_INDEX}", methods=[method])(view)
        return view

    return register


def _model_errors(work: Callable[[], Response]) -> Response:
    """Answer; that a model is unknown is 400 here, with its name."""
    try:
        return with_newest_models(work)
    except NotFound as error:
        raise Status(400, error.message) from None


@both(bp, "/api/chat")
@endpoint(body=ChatForm, query=PlaceQuery, transaction=None, errors=ERRORS)
def chat(body: ChatForm, query: PlaceQuery, url_idx: int | None = None) -> Response:  # noqa: ARG001 -- whichever connection has the model answers
    """Answer a chat as Ollama does: lines of JSON, or one object."""

    def translate_and_answer() -> Response:
        route = models.route(current_user(), body.model)
        form = completion_form(body, route.connection.kind)
        return answer_open_request(current_user(), form, _write_chat)

    return _model_errors(translate_and_answer)


def _write_chat(reader: Reader, form: CompletionForm) -> Response:
    if form.stream:
        return streamed(reader, ChatLines(form.model), sse.JSON_LINES)
    found = gathered(reader)
    if found is None:
        return errors.detail("The client has left.", 499)
    return json_response(orjson.dumps(whole_chat(form.model, *found)))


@both(bp, "/v1/chat/completions")
@endpoint(body=CompletionForm, transaction=None, errors=ERRORS)
def chat_as_openai(body: CompletionForm, url_idx: int | None = None) -> Response:  # noqa: ARG001 -- see chat
    """Answer a chat in OpenAI's form."""
    return _model_errors(lambda: answer(current_user(), body))


@both(bp, "/api/generate")
@endpoint(body=GenerateForm, query=PlaceQuery, transaction=None, errors=ERRORS)
def generate(body: GenerateForm, query: PlaceQuery, url_idx: int | None = None) -> Response:
    """Go on with a prompt: lines of JSON, or one object."""
    return _pass_model_on("/api/generate", body, place_of(query, url_idx), ItemLines(repeats=False))


@both(bp, "/v1/completions")
@endpoint(body=GenerateForm, query=PlaceQuery, transaction=None, errors=ERRORS)
def generate_as_openai(
    body: GenerateForm, query: PlaceQuery, url_idx: int | None = None
) -> Response:
    """Go on with a prompt, in OpenAI's form."""
    if "stream" not in body.model_fields_set:
        body.stream = False
    events = ItemEvents(repeats=False)
    return _pass_model_on("/v1/completions", body, place_of(query, url_idx), events, sse.EVENTS)


@both(bp, "/api/embed")
@endpoint(body=EmbedForm, query=PlaceQuery, transaction=None, errors=ERRORS)
def embed(body: EmbedForm, query: PlaceQuery, url_idx: int | None = None) -> Response:
    """Give the vectors of some texts."""
    return _ask_model("/api/embed", body, place_of(query, url_idx))


@both(bp, "/api/embeddings")
@endpoint(body=EmbeddingsForm, query=PlaceQuery, transaction=None, errors=ERRORS)
def embeddings(body: EmbeddingsForm, query: PlaceQuery, url_idx: int | None = None) -> Response:
    """Give the vector of one text, as older clients ask for it."""
    return _ask_model("/api/embeddings", body, place_of(query, url_idx))


@bp.post("/api/show")
@endpoint(body=NameForm, transaction=None, errors=ERRORS)
def show(body: NameForm) -> Response:
    """Describe a model."""
    return _ask_model("/api/show", body, None)


def place_of(query: PlaceQuery, url_idx: int | None) -> int | None:
    """Give the place of the connection that is meant, from the path or else the query."""
    return query.url_idx if url_idx is None else url_idx


def _pass_model_on(
    path: str, form: Any, place: int | None, writer: Writer, kind: str = sse.JSON_LINES
) -> Response:
    """Pass a request on whose answer comes in pieces, or whole when the client wants that."""
    if not form.stream:
        return _ask_model(path, form, place)
    return _model_errors(lambda: stream_items(PASS_ON, _request(path, form, place), writer, kind))


def _ask_model(path: str, form: Any, place: int | None) -> Response:
    def pass_on() -> Response:
        request = _request(path, form, place).model_copy(update={"is_stream": False})
        found = ask(PASS_ON, request, Subject(current_user().id), PATIENCE_S)
        return json_response(orjson.dumps(found["answer"]))

    return _model_errors(pass_on)


def _request(path: str, form: Any, place: int | None) -> PassOn:
    """Put together what is asked of the server that has a model.

    Raises:
        NotFound: No such model for this user, or not at this connection.
    """
    name = getattr(form, "model", None) or form.name
    route = models.route(current_user(), name)
    connection = at_place(name, route.connection, place)
    body = {**form.model_dump(exclude_unset=True), "model": route.upstream_id}
    body.pop("name", None)
    return PassOn(
        kind=connection.kind,
        index=connection.index,
        mark=connection.mark,
        path=path,
        body=body,
        model=name,
        is_stream=True,
    )


def at_place(name: str, connection: Connection, place: int | None) -> Connection:
    """Give the connection that is meant; a model may be at several."""
    if connection.kind != OLLAMA:
        raise NotFound(f"Model '{name}' is not at an Ollama server")
    if place is None or place == connection.index:
        return connection
    found = models.find_visible(current_user(), name).get("ollama") or {}
    if place not in (found.get("urls") or ()):
        raise NotFound(f"Model '{name}' was not found")
    return connections.find(OLLAMA, place)


def stream_items(spec: JobSpec, request: PassOn, writer: Writer, kind: str) -> Response:
    """Accept a request whose answer comes in pieces, and answer with them.

    Args:
        kind: Content type of what the writer writes.
    """

    def accept(job_id: str) -> None:
        jobs.accept(spec, request, Subject(current_user().id), job_id)

    # What takes long is wanted also when nobody looks on.
    return stream_job(accept, writer, kind, cancels=spec is PASS_ON)


def stream_job(
    accept: Callable[[str], None], writer: Writer, kind: str, cancels: bool = False
) -> Response:
    """Accept a job whose events come in pieces, and answer with them.

    Args:
        accept: Accepts the job of this id, in a transaction.
        cancels: Whether it is of no use when the client has left.
    """
    job_id = new_id()
    reader = Reader(current_user(), Follow(job_id, is_new=True))
    with lifecycle.closing_on_error(reader):
        with db.transaction():
            accept(job_id)
        reader.cancels = cancels
        response = streamed(reader, writer, kind)
    response.headers["X-Job-Id"] = job_id
    return response


@bp.get("/api/tags")
@endpoint(query=PlaceQuery, transaction=None)
def list_models(query: PlaceQuery) -> dict[str, Any]:
    """List the models of all Ollama servers that the user may use, or of one."""
    return _tags(query.url_idx)


@bp.get(f"/api/tags/{_INDEX}")
@endpoint(transaction=None)
def list_models_of(url_idx: int) -> dict[str, Any]:
    """List the models of one Ollama server that the user may use."""
    return _tags(url_idx)


def _tags(place: int | None) -> dict[str, Any]:
    return {
        "models": [
            {**model["ollama"], "model": model["id"]}
            for model in _visible()
            if place is None or place in model["ollama"]["urls"]
        ]
    }


def _visible() -> Iterator[dict[str, Any]]:
    ensure_offer()
    return (m for m in models.visible_to(current_user()) if m.get("ollama") and "urlIdx" in m)


@bp.get("/v1/models")
@bp.get(f"/v1/models/{_INDEX}")
@endpoint(query=PlaceQuery, transaction=None)
def list_models_as_openai(query: PlaceQuery, url_idx: int | None = None) -> dict[str, Any]:
    """List the models of the Ollama servers in OpenAI's form."""
    place = place_of(query, url_idx)
    return {
        "object": "list",
        "data": [
            {"id": m["id"], "object": "model", "created": m["created"], "owned_by": "openai"}
            for m in _visible()
            if place is None or place in m["ollama"]["urls"]
        ],
    }


@bp.get("/api/ps")
@endpoint(transaction=None)
def list_running() -> dict[str, Any]:
    """List what the servers have loaded: all of it together as Ollama does, and by address."""
    answers: dict[str, Any] = {}
    loaded: list[dict[str, Any]] = []
    names = {model["ollama"]["model"] for model in _visible()}
    for connection in connections.enabled():
        if connection.kind == OLLAMA:
            found = _loaded_at(connection, names)
            answers[connection.url] = found and {"models": found}
            loaded += found or []
    return {**answers, "models": loaded}


def _loaded_at(connection: Connection, names: set[str]) -> list[dict[str, Any]] | None:
    request = PassOn(
        kind=OLLAMA,
        index=connection.index,
        mark=connection.mark,
        method="GET",
        path="/api/ps",
        model=next(iter(names), None),
    )
    if request.model is None:
        return []
    try:
        found = ask(PASS_ON, request, Subject(current_user().id), _QUICK_S)["answer"]
    except UpstreamFailed:
        return None
    return [m for m in found.get("models") or [] if m.get("model", m.get("name")) in names]
