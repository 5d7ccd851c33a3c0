"""Routes of pipelines servers: OpenAI-compatible connections that run programs of their own."""

from typing import Any
from urllib.parse import quote

import orjson
from flask import Blueprint, request

from shared.addresses import require_web_address
from shared.config.secrets import seal, unseal
from shared.errors import Invalid, UpstreamFailed
from shared.kinds.base import JobSpec, Payload
from shared.kinds.pipelines import (
    ASK_SERVER,
    FIND_SERVERS,
    UPLOAD_PIPELINE,
    AskServer,
    FindServers,
    UploadPipeline,
)
from shared.queue import Subject
from shared.services import connections, files
from shared.services.connections import OPENAI
from web.api import endpoint
from web.auth import current_user
from web.errors import Status
from web.pipelines.schemas import AddForm, DeleteForm, PlaceQuery, ServersResponse, ValuesForm
from web.stream.waiting import ask

bp = Blueprint("pipelines", __name__)

# A server may install what a pipeline needs before it answers.
_PATIENCE_S, _LONG_PATIENCE_S = 30.0, 180.0
_LARGEST_SOURCE = 1024 * 1024
_ERRORS = {
    400: "It cannot be asked for",
    404: "No such server or pipeline; any other status is the server's own",
}


def _result(spec: JobSpec, payload: Payload, patience_s: float) -> Any:
    """Let a worker ask, and give the server's answer.

    Raises:
        Status: The server's own status and words.
    """
    told = ask(spec, payload, Subject(current_user().id), patience_s)
    if told["status"] >= 400:
        raise Status(told["status"], told["detail"])
    return orjson.loads(unseal(told["sealed"]) or b"null")


def _asked(index: int, method: str, path: str, body: Any = None) -> Any:
    packed = "" if body is None else seal(orjson.dumps(body).decode())
    payload = AskServer(index=index, method=method, path=path, sealed=packed)
    patience_s = _PATIENCE_S if method == "GET" else _LONG_PATIENCE_S
    return _result(ASK_SERVER, payload, patience_s)


@bp.get("/list")
@endpoint(response=ServersResponse, transaction=None)
def list_servers() -> dict[str, Any]:
    """List the connections that are pipelines servers."""
    told = ask(FIND_SERVERS, FindServers(), Subject(current_user().id), _PATIENCE_S)
    found = [c for c in connections.of_kind(OPENAI) if c.index in told["indexes"]]
    return {"data": [{"url": c.url, "idx": c.index} for c in found]}


@bp.get("/")
@endpoint(query=PlaceQuery, transaction=None, errors=_ERRORS)
def list_pipelines(query: PlaceQuery) -> Any:
    """List the pipelines of a server."""
    return _asked(query.index, "GET", "/pipelines")


@bp.post("/upload")
@endpoint(transaction=None, form=("file", "urlIdx"), errors={400: "It is no Python file"})
def upload_pipeline() -> Any:
    """Send the source of a pipeline to a server, which runs it."""
    index, sent = request.form.get("urlIdx", ""), request.files.get("file")
    if sent is None or not index.isdecimal():
        raise Invalid("An upload has the fields 'file' and 'urlIdx'.")
    filename = files.clean_name(sent.filename or "")
    if not filename.endswith(".py"):
        raise Status(400, "Only Python (.py) files are allowed.")
    source = sent.stream.read(_LARGEST_SOURCE + 1)
    if len(source) > _LARGEST_SOURCE:
        raise Status(413, "The source of a pipeline is up to 1 MB.")
    try:
        sealed = seal(source.decode())
    except UnicodeDecodeError:
        raise Invalid("The source of a pipeline is a text in UTF-8.") from None
    payload = UploadPipeline(index=int(index), filename=filename, sealed=sealed)
    try:
        return _result(UPLOAD_PIPELINE, payload, _LONG_PATIENCE_S)
    except UpstreamFailed as error:
        raise Status(500, error.message) from None


@bp.post("/add")
@endpoint(body=AddForm, transaction=None, errors=_ERRORS)
def add_pipeline(body: AddForm) -> Any:
    """Let a server fetch a pipeline from an address, and run it."""
    asked = {"url": require_web_address(body.url)}
    return _asked(body.index, "POST", "/pipelines/add", asked)


@bp.delete("/delete")
@endpoint(body=DeleteForm, transaction=None, errors=_ERRORS)
def delete_pipeline(body: DeleteForm) -> Any:
    """Let a server forget a pipeline."""
    return _asked(body.index, "DELETE", "/pipelines/delete", {"id": body.id})


@bp.get("/<pipeline_id>/valves")
@endpoint(query=PlaceQuery, transaction=None, errors=_ERRORS)
def show_valves(pipeline_id: str, query: PlaceQuery) -> Any:
    """Show the values of a pipeline's valves, as its server tells them."""
    return _asked(query.index, "GET", _valves(pipeline_id))


@bp.get("/<pipeline_id>/valves/spec")
@endpoint(query=PlaceQuery, transaction=None, errors=_ERRORS)
def describe_valves(pipeline_id: str, query: PlaceQuery) -> Any:
    """Describe a pipeline's valves as a JSON schema."""
    return _asked(query.index, "GET", f"{_valves(pipeline_id)}/spec")


@bp.post("/<pipeline_id>/valves/update")
@endpoint(body=ValuesForm, query=PlaceQuery, transaction=None, errors=_ERRORS)
def update_valves(pipeline_id: str, body: ValuesForm, query: PlaceQuery) -> Any:
    """Set a pipeline's valves."""
    return _asked(query.index, "POST", f"{_valves(pipeline_id)}/update", body.root)


def _valves(pipeline_id: str) -> str:
    return f"/{quote(pipeline_id, safe='')}/valves"
