"""Routes of the page: a built one where there is one, else our own page of first steps."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, redirect, render_template, request, send_file

from shared import db
from shared.config.options import option
from shared.config.settings import BadSetting, Settings, get_settings
from shared.errors import NotFound
from shared.redis import is_alive
from shared.services import accounts
from shared.version import VERSION
from web.api import endpoint
from web.disk import inside
from web.page import manifest, pictures

bp = Blueprint("page", __name__, template_folder="templates")

# What must never be answered with the page: an unknown address there is a mistake of the client.
_NOT_PAGES = (
    "api/",
    "v1/",
    "openai/",
    "ollama/",
    "ws",
    "static/",
    "_app/",
    "health",
    "cache/",
    "metrics",
    "admin/jobs",
)
_FOR_EVER = "public, max-age=31536000, immutable"
# The page of first steps runs no script and loads nothing from elsewhere.
_POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_PORT = re.compile(r":\d+$")
_LOCAL_MODEL = "smollm2-135m"


def check_build(settings: Settings) -> None:
    """See that a page that is wanted is there.

    Raises:
        BadSetting: It is not.
    """
    build = settings.frontend_build_dir
    if build and inside(Path(build), "index.html") is None:
        raise BadSetting(
            "switchyard: the setting FRONTEND_BUILD_DIR cannot be used: there is no index.html."
        )


@bp.get("/", defaults={"path": ""})
@bp.get("/<path:path>")
def show(path: str) -> Any:
    """Serve a file of the built page, or the page itself for an address that only it knows."""
    build = get_settings().frontend_build_dir
    file = pictures.find(path or "index.html")
    if file is not None:
        return _sent(file, _FOR_EVER if path.startswith("_app/immutable/") else "no-cache")
    if path.endswith("/watch") or path == "watch":
        return _with_video(request.args.get("v", ""))
    if build and not path.startswith(_NOT_PAGES) and not path.endswith(".js"):
        index = inside(Path(build), "index.html")
        if index is not None:
            return _sent(index, "no-cache")
    if path:
        raise NotFound
    return _first_steps(get_settings())


def _sent(file: Path, how_long: str) -> Response:
    answer = send_file(file)
    answer.headers["Cache-Control"] = how_long
    return answer


def _with_video(video_id: str) -> Any:
    """Lead an address that was YouTube's, but for its host, to a new chat about that video."""
    return redirect(f"/?youtube={quote(video_id, safe='')}", 307)


def _first_steps(settings: Settings) -> Response:
    has_database = db.is_alive()
    parts = [
        {"name": "web", "is_there": True},
        {"name": "event log", "is_there": is_alive()},
        {"name": "database", "is_there": has_database},
    ]
    html = render_template(
        "first_steps.html",
        name=settings.webui_name,
        version=VERSION,
        parts=parts,
        base=request.url_root.rstrip("/"),
        is_new=has_database and not _has_accounts(),
        is_dev=settings.is_dev,
        model=_LOCAL_MODEL if settings.local_models else "one of these",
        flower=flower_url(),
    )
    answer = Response(html, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def flower_url() -> str:
    """Give the address of Flower for somebody on the same machine, or behind a tunnel to it."""
    return f"http://{_PORT.sub('', request.host)}:{get_settings().flower_port}/"


def _has_accounts() -> bool:
    with db.reading():
        return accounts.has_any()


@bp.get("/manifest.json")
@endpoint(transaction=None)
def show_manifest() -> dict[str, Any]:
    """Give the page's manifest, by which it can be installed."""
    return manifest.manifest()


@bp.get("/opensearch.xml")
def show_open_search() -> Response:
    """Give the description by which a browser searches here."""
    xml = render_template(
        "opensearch.xml", name=get_settings().webui_name, url=str(option("WEBUI_URL")).rstrip("/")
    )
    return Response(xml, content_type="application/xml")
