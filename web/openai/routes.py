"""Routes of OpenAI-compatible connections."""

from typing import Any

from flask import Blueprint

from shared.addresses import require_web_address
from shared.config.options import option
from shared.config.secrets import mask, seal
from shared.errors import UpstreamFailed
from shared.kinds.catalogue import CALL_CONNECTION, CallConnection
from shared.queue import Subject
from shared.services import access, configuration, connections, models
from shared.services.connections import OPENAI, padded
from web.api import endpoint
from web.auth import current_user
from web.errors import Status
from web.models.routes import ensure_offer, shown
from web.openai.schemas import ConfigForm, ConfigResponse, ModelsQuery, VerifyForm
from web.stream.waiting import ask

bp = Blueprint("openai", __name__)

TRIED = {400: "It is no web address", 500: "The server's own complaint"}

_PATIENCE_S = 15.0


def ask_connection(call: CallConnection) -> Any:
    """Let a worker ask a connection one thing, and wait for the answer.

    Raises:
        Status: 500 with the upstream's own words, as the contract has it.
    """
    try:
        return ask(CALL_CONNECTION, call, Subject(current_user().id), _PATIENCE_S)["answer"]
    except UpstreamFailed as error:
        raise Status(500, error.message) from None


@bp.get("/config")
@endpoint(response=ConfigResponse)
def show_config() -> dict[str, Any]:
    """Show the connections; keys are masked."""
    return _config()


def _config() -> dict[str, Any]:
    urls = option("OPENAI_API_BASE_URLS")
    return {
        "ENABLE_OPENAI_API": option("ENABLE_OPENAI_API"),
        "OPENAI_API_BASE_URLS": urls,
        "OPENAI_API_KEYS": [mask(key) for key in padded(option("OPENAI_API_KEYS"), len(urls))],
        "OPENAI_API_CONFIGS": option("OPENAI_API_CONFIGS"),
    }


@bp.post("/config/update")
@endpoint(body=ConfigForm, response=ConfigResponse, transaction=None)
def save_config(body: ConfigForm) -> dict[str, Any]:
    """Change the connections; the models list is made anew in the background."""
    values: dict[str, Any] = {
        "OPENAI_API_BASE_URLS": body.OPENAI_API_BASE_URLS,
        "OPENAI_API_KEYS": body.OPENAI_API_KEYS,
        "OPENAI_API_CONFIGS": {
            place: config.model_dump(exclude_unset=True, exclude={"key"})
            for place, config in body.OPENAI_API_CONFIGS.items()
            if connections.is_place(place, body.OPENAI_API_BASE_URLS)
        },
    }
    if body.ENABLE_OPENAI_API is not None:
        values["ENABLE_OPENAI_API"] = body.ENABLE_OPENAI_API
    configuration.save(values)
    models.outdate_offer()
    return _config()


@bp.post("/verify")
@endpoint(body=VerifyForm, transaction=None, errors=TRIED)
def verify(body: VerifyForm) -> Any:
    """Try a connection: its models list is the proof."""
    return ask_connection(tried(OPENAI, body.url, body.key))


def tried(kind: str, url: str, key: str | None) -> CallConnection:
    """Make the question by which an admin tries a connection, saved or not."""
    url = require_web_address(url.strip().rstrip("/"))
    found = connections.key_of_form(kind, url, key or "")
    return CallConnection(kind=kind, question="version", url=url, sealed=seal(found))


_NOT_LISTED = {404: "No such connection", 500: "The server's own complaint"}


@bp.get("/models")
@endpoint(query=ModelsQuery, transaction=None, who="member", errors=_NOT_LISTED)
def list_models(query: ModelsQuery) -> Any:
    """List the models of all OpenAI-compatible connections that the user may use, or of one."""
    if query.url_idx is not None:
        return _models_of(query.url_idx)
    ensure_offer()
    return {
        "data": [
            shown(m)
            for m in models.visible_to(current_user())
            if m["owned_by"] == OPENAI and "urlIdx" in m
        ]
    }


@bp.get("/models/<int(signed=True):index>")
@endpoint(transaction=None, who="member", errors=_NOT_LISTED)
def list_models_of(index: int) -> Any:
    """List the models of one connection, as the server gives them; users get those that they may
    use.
    """
    return _models_of(index)


def _models_of(index: int) -> Any:
    connection = connections.find(OPENAI, index)
    answer = ask_connection(CallConnection(kind=OPENAI, question="models", index=index))
    user = current_user()
    if access.can(user, "use", "admin"):
        return answer
    visible = {model["id"] for model in models.visible_to(user)}
    return {
        **answer,
        "data": [m for m in answer["data"] if connection.prefix + str(m.get("id")) in visible],
    }
