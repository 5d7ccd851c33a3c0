"""Routes of Ollama connections."""

from typing import Any

from flask import Blueprint

from shared.config.options import option
from shared.errors import UpstreamFailed
from shared.kinds.catalogue import CALL_CONNECTION, CallConnection
from shared.queue import Subject
from shared.services import configuration, connections, models
from shared.services.connections import OLLAMA
from web.api import endpoint
from web.ollama.schemas import ConfigForm, ConfigResponse, VerifyForm
from web.openai.routes import TRIED, ask_connection, tried
from web.stream.waiting import ask

bp = Blueprint("ollama", __name__)

_PATIENCE_S = 6.0


@bp.get("/")
@endpoint(who="public")
def show_status() -> dict[str, bool]:
    """Answer as an Ollama server's root does."""
    return {"status": True}


@bp.get("/config")
@endpoint(response=ConfigResponse)
def show_config() -> dict[str, Any]:
    """Show the connections; keys are masked."""
    return _config()


def _config() -> dict[str, Any]:
    return {
        "ENABLE_OLLAMA_API": option("ENABLE_OLLAMA_API"),
        "OLLAMA_BASE_URLS": option("OLLAMA_BASE_URLS"),
        "OLLAMA_API_CONFIGS": configuration.shown("OLLAMA_API_CONFIGS"),
    }


@bp.post("/config/update")
@endpoint(body=ConfigForm, response=ConfigResponse, transaction=None)
def save_config(body: ConfigForm) -> dict[str, Any]:
    """Change the connections; the models list is made anew in the background."""
    values: dict[str, Any] = {
        "OLLAMA_BASE_URLS": body.OLLAMA_BASE_URLS,
        "OLLAMA_API_CONFIGS": {
            place: config
            for place, config in body.OLLAMA_API_CONFIGS.items()
            if connections.is_place(place, body.OLLAMA_BASE_URLS)
        },
    }
    if body.ENABLE_OLLAMA_API is not None:
        values["ENABLE_OLLAMA_API"] = body.ENABLE_OLLAMA_API
    configuration.save(values)
    models.outdate_offer()
    return _config()


@bp.post("/verify")
@endpoint(body=VerifyForm, transaction=None, errors=TRIED)
def verify(body: VerifyForm) -> Any:
    """Try a connection: its version is the proof."""
    return ask_connection(tried(OLLAMA, body.url, body.key))


@bp.get("/api/version")
@endpoint(transaction=None, who="member")
def show_version() -> dict[str, Any]:
    """Give the lowest version of all Ollama servers that answer; false when there is none."""
    if not option("ENABLE_OLLAMA_API"):
        return {"version": False}
    versions = []
    for connection in connections.of_kind(OLLAMA):
        if connection.is_enabled:
            versions += _version_of(connection.index)
    return {"version": min(versions, key=_sortable) if versions else False}


@bp.get("/api/version/<int:url_idx>")
@endpoint(transaction=None, who="member", errors={404: "There is no such server"})
def show_version_of(url_idx: int) -> dict[str, Any]:
    """Give the version of one Ollama server; false when it does not answer."""
    versions = _version_of(connections.find(OLLAMA, url_idx).index)
    return {"version": versions[0] if versions else False}


def _version_of(index: int) -> list[str]:
    try:
        call = CallConnection(kind=OLLAMA, question="version", index=index)
        return [str(ask(CALL_CONNECTION, call, Subject(), _PATIENCE_S)["answer"]["version"])]
    except UpstreamFailed:
        return []


def _sortable(version: str) -> list[int]:
    return [int(part) for part in version.lstrip("v").split("-")[0].split(".") if part.isdecimal()]
