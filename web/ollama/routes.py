"""Routes of Ollama connections."""

from typing import Any

from flask import Blueprint

from shared.config.options import get_options, option
from shared.config.secrets import mask, seal, unmasked
from shared.errors import UpstreamFailed
from shared.queue import CALL_CONNECTION, CallConnection, Subject
from shared.services import connections, models
from shared.services.connections import OLLAMA
from web.api import endpoint
from web.ollama.schemas import ConfigForm, ConfigResponse, VerifyForm
from web.openai.routes import ask_connection
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
    configs = option("OLLAMA_API_CONFIGS")
    return {
        "ENABLE_OLLAMA_API": option("ENABLE_OLLAMA_API"),
        "OLLAMA_BASE_URLS": option("OLLAMA_BASE_URLS"),
        "OLLAMA_API_CONFIGS": {
            place: {**config, **({"key": mask(config["key"])} if config.get("key") else {})}
            for place, config in configs.items()
        },
    }


@bp.post("/config/update")
@endpoint(body=ConfigForm, response=ConfigResponse, transaction=None)
def save_config(body: ConfigForm) -> dict[str, Any]:
    """Change the connections; the models list is made anew in the background."""
    urls = [url.strip().rstrip("/") for url in body.OLLAMA_BASE_URLS]
    saved = option("OLLAMA_API_CONFIGS")
    configs = {
        place: _with_key(config, (saved.get(place) or {}).get("key") or "")
        for place, config in body.OLLAMA_API_CONFIGS.items()
        if place.isdecimal() and int(place) < len(urls)
    }
    values: dict[str, Any] = {"OLLAMA_BASE_URLS": urls, "OLLAMA_API_CONFIGS": configs}
    if body.ENABLE_OLLAMA_API is not None:
        values["ENABLE_OLLAMA_API"] = body.ENABLE_OLLAMA_API
    get_options().set(values)
    models.forget_offer()
    return _config()


def _with_key(config: dict[str, Any], stored: str) -> dict[str, Any]:
    return {**config, "key": unmasked(config["key"], stored)} if config.get("key") else config


@bp.post("/verify")
@endpoint(body=VerifyForm, transaction=None, errors={500: "The server's own complaint"})
def verify(body: VerifyForm) -> Any:
    """Try a connection: its version is the proof."""
    url = body.url.strip().rstrip("/")
    key = next(
        (unmasked(body.key or "", c.key) for c in connections.of_kind(OLLAMA) if c.url == url),
        body.key or "",
    )
    return ask_connection(
        CallConnection(kind=OLLAMA, question="version", url=url, sealed=seal(key))
    )


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


def _version_of(index: int) -> list[str]:
    try:
        call = CallConnection(kind=OLLAMA, question="version", index=index)
        return [str(ask(CALL_CONNECTION, call, Subject(), _PATIENCE_S)["answer"]["version"])]
    except UpstreamFailed:
        return []


def _sortable(version: str) -> list[int]:
    return [int(part) for part in version.lstrip("v").split("-")[0].split(".") if part.isdecimal()]
