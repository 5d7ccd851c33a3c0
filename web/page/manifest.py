"""The manifest by which the page is installed: our own, or one that stands elsewhere."""

import logging
from typing import Any

import orjson
from redis.exceptions import RedisError

from shared.cache import get_cache
from shared.config.settings import get_settings
from shared.errors import SwitchyardError
from shared.kinds.workspace import FETCH_SOURCE, FetchSource
from shared.queue import Subject
from web.stream.waiting import ask

log = logging.getLogger(__name__)

_NAME = "manifest"
# Strangers ask for it: one job serves all of them for a while, also when it has failed.
_FRESH_S, _RETRY_S = 600.0, 60.0
_PATIENCE_S = 5.0


def manifest() -> dict[str, Any]:
    """Give the manifest of EXTERNAL_PWA_MANIFEST_URL; our own without one, or while it cannot be
    had.
    """
    url = get_settings().external_pwa_manifest_url
    found = _elsewhere(url) if url else None
    return own() if found is None else found


def own() -> dict[str, Any]:
    """Give the manifest that bears this instance's name."""
    icon = {"src": "/static/logo.png", "type": "image/png", "sizes": "500x500"}
    name = get_settings().webui_name
    return {
        "name": name,
        "short_name": name,
        "description": f"{name}: chat with models, kept by jobs.",
        "start_url": "/",
        "display": "standalone",
        "background_color": "#343541",
        "orientation": "any",
        "icons": [{**icon, "purpose": "any"}, {**icon, "purpose": "maskable"}],
    }


def _elsewhere(url: str) -> dict[str, Any] | None:
    """Give what a worker finds at an address, from the cache for as long as it is fresh."""
    try:
        kept = get_cache().get(_NAME)
        if kept is None:
            kept = _fetched(url)
            get_cache().set(_NAME, kept, _FRESH_S if kept else _RETRY_S)
    except RedisError:
        return None
    return _parsed(kept)


def _fetched(url: str) -> bytes:
    """Let a worker fetch it; nothing when it is no object of JSON."""
    try:
        found = ask(FETCH_SOURCE, FetchSource(url=url), Subject(), _PATIENCE_S)["content"].encode()
    except SwitchyardError as error:
        log.warning("EXTERNAL_PWA_MANIFEST_URL gives no manifest: %s", error.message)
        return b""
    if _parsed(found) is None:
        log.warning("EXTERNAL_PWA_MANIFEST_URL gives no object of JSON")
        return b""
    return bytes(found)


def _parsed(content: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
