"""Routes of the page."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, send_from_directory
from werkzeug.exceptions import NotFound as NoSuchFile

from shared.config.options import option
from shared.config.settings import get_settings
from shared.errors import NotFound
from shared.version import VERSION
from web.api import endpoint

bp = Blueprint("page", __name__, template_folder="templates")

# What must never be answered with the page: an unknown address there is a mistake of the client.
_NOT_PAGES = ("api/", "v1/", "openai/", "ollama/", "ws", "static/", "_app/", "health", "cache/")
_FOR_EVER = "public, max-age=31536000, immutable"


def _build() -> Path | None:
    folder = get_settings().frontend_build_dir
    return Path(folder).resolve() if folder else None


@bp.get("/", defaults={"path": ""})
@bp.get("/<path:path>")
def show(path: str) -> Response:
    """Serve a file of the built page, or the page itself for an address that only it knows."""
    build = _build()
    if build is None:
        return _first_steps(path)
    try:
        answer = send_from_directory(build, path or "index.html")
    except NoSuchFile:
        if path.startswith(_NOT_PAGES) or path.endswith(".js"):
            raise NotFound from None
        answer = send_from_directory(build, "index.html")
        path = "index.html"
    answer.headers["Cache-Control"] = (
        _FOR_EVER if path.startswith("_app/immutable/") else "no-cache"
    )
    return answer


def _first_steps(path: str) -> Response:
    if path:
        raise NotFound
    settings = get_settings()
    html = render_template(
        "first_steps.html",
        name=settings.webui_name,
        version=VERSION,
        is_dev=settings.is_dev,
        flower_port=settings.flower_port,
        port=settings.port,
    )
    return Response(html, content_type="text/html; charset=utf-8")


@bp.get("/manifest.json")
@endpoint(transaction=None)
def show_manifest() -> dict[str, Any]:
    """Give the page's manifest, by which it can be installed."""
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


@bp.get("/opensearch.xml")
def show_open_search() -> Response:
    """Give the description by which a browser searches here."""
    xml = render_template(
        "opensearch.xml", name=get_settings().webui_name, url=str(option("WEBUI_URL")).rstrip("/")
    )
    return Response(xml, content_type="application/xml")
