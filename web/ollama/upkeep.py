"""Routes by which admins keep the models of Ollama servers: pull, push, create, copy, delete."""

from typing import Any

from flask import Blueprint, Response

from shared.errors import NotFound
from shared.kinds.proxies import MAINTAIN, PASS_ON, PassOn
from shared.queue import Subject
from shared.services import connections, models
from shared.services.connections import OLLAMA
from web import passing
from web.api import endpoint
from web.auth import current_user
from web.errors import Status
from web.models.routes import ensure_offer
from web.ollama.doors import ERRORS, PATIENCE_S, at_place, both, place_of, stream_items
from web.ollama.lines import ItemLines
from web.ollama.schemas import CopyForm, CreateForm, NameForm, PlaceQuery
from web.stream import sse
from web.stream.waiting import ask

bp = Blueprint("ollama_upkeep", __name__)
passing.register(bp)

_NO_SERVER = {404: "There is no such server"}
_ERRORS = {**ERRORS, **_NO_SERVER}


def _maintained(path: str, form: Any, place: int | None) -> Response:
    """Pass an admin's transfer on, and tell how far it has come for as long as the client stays."""
    body = form.model_dump(exclude={"name"})
    request = _admin_request("POST", path, {**body, "model": form.name}, place or 0)
    request.is_stream = True
    return stream_items(MAINTAIN, request, ItemLines(repeats=True), sse.JSON_LINES)


def _admin_request(method: str, path: str, body: dict[str, Any], place: int) -> PassOn:
    connection = connections.find(OLLAMA, place)
    return PassOn(
        kind=OLLAMA,
        index=connection.index,
        mark=connection.mark,
        method=method,
        path=path,
        body=body,
    )


@both(bp, "/api/pull")
@endpoint(body=NameForm, transaction=None, errors=_NO_SERVER)
def pull(body: NameForm, url_idx: int | None = None) -> Response:
    """Let a server fetch a model; goes on when the client leaves, see /api/v1/jobs."""
    return _maintained("/api/pull", body, url_idx)


@both(bp, "/api/push")
@both(bp, "/api/push", "DELETE")
@endpoint(body=NameForm, query=PlaceQuery, transaction=None, errors=_NO_SERVER)
def push(body: NameForm, query: PlaceQuery, url_idx: int | None = None) -> Response:
    """Let a server publish a model."""
    return _maintained("/api/push", body, place_of(query, url_idx))


@both(bp, "/api/create")
@endpoint(body=CreateForm, query=PlaceQuery, transaction=None, errors=_NO_SERVER)
def create(body: CreateForm, query: PlaceQuery, url_idx: int | None = None) -> Response:
    """Let a server make a model."""
    return _maintained("/api/create", body, place_of(query, url_idx))


@both(bp, "/api/copy")
@endpoint(body=CopyForm, query=PlaceQuery, response=bool, transaction=None, errors=_ERRORS)
def copy(body: CopyForm, query: PlaceQuery, url_idx: int | None = None) -> bool:
    """Let a server copy a model."""
    place = _server_of(body.source, place_of(query, url_idx))
    return _done("POST", "/api/copy", body.model_dump(), place)


@both(bp, "/api/delete", "DELETE")
@endpoint(body=NameForm, query=PlaceQuery, response=bool, transaction=None, errors=_ERRORS)
def delete(body: NameForm, query: PlaceQuery, url_idx: int | None = None) -> bool:
    """Let a server delete a model."""
    place = _server_of(body.name, place_of(query, url_idx))
    return _done("DELETE", "/api/delete", {"model": body.name}, place)


def _server_of(name: str, place: int | None) -> int:
    """Find the server that has a model, unless it is said."""
    if place is not None:
        return place
    models.forget_catalogue()  # a transfer that has just ended may have brought it
    ensure_offer()
    try:
        return at_place(name, models.route(current_user(), name).connection, None).index
    except NotFound as error:
        raise Status(400, error.message) from None


def _done(method: str, path: str, body: dict[str, Any], place: int) -> bool:
    request = _admin_request(method, path, body, place)
    ask(PASS_ON, request, Subject(current_user().id), PATIENCE_S)
    models.outdate_offer()
    return True
