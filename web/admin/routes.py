"""Routes of the admins' live page."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, request, send_file
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from shared.config.settings import get_settings
from shared.errors import BadSession, Forbidden, NotFound, NotSignedIn, SwitchyardError, Unavailable
from shared.version import VERSION
from web import auth
from web.admin import overview
from web.admin.progress import Watcher
from web.api import endpoint
from web.disk import inside
from web.errors import away
from web.page.routes import flower_url

bp = Blueprint("admin", __name__, template_folder="templates")

_ASSETS = Path(__file__).parent / "static"
# Scripts and styles are files of ours, nothing comes from elsewhere, nobody may frame the page:
# its buttons end other people's jobs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NOTHING: dict[str, Any] = {
    "queues": [],
    "running": [],
    "waiting": [],
    "failures": [],
    "processes": [],
}


@bp.get("/jobs")
@endpoint(transaction=None, media_type="text/html")
def show_jobs() -> Response:
    """Show queues, jobs, failures and processes as they are; the page then renews itself."""
    view, problem = _NOTHING, ""
    try:
        view = overview.gather(Watcher())
    except (Unavailable, DBAPIError, RedisError) as error:
        problem = away(error).message
    return _page(
        render_template(
            "admin/jobs.html",
            **_common(),
            view=view,
            problem=problem,
            user=auth.current_user(),
            flower=flower_url(),
        ),
        503 if problem else 200,
    )


@bp.get("/assets/<path:filename>")
@endpoint(
    transaction=None, who="public", media_type="text/css", errors={404: "There is no such file"}
)
def show_asset(filename: str) -> Response:
    """Serve a script or a style of the page."""
    file = inside(_ASSETS, filename)
    if file is None:
        raise NotFound
    answer = send_file(file)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _show_sign_in(error: SwitchyardError) -> Response:
    """Ask who it is, in the place of a page that is for admins only."""
    user = auth.optional_user() if isinstance(error, Forbidden) else None
    status = 403 if isinstance(error, NotSignedIn) else 401
    html = render_template("admin/sign_in.html", **_common(), user=user, next=request.path)
    return _page(html, status)


for _kind in (NotSignedIn, BadSession, Forbidden):
    bp.register_error_handler(_kind, _show_sign_in)


def _common() -> dict[str, str]:
    return {"name": get_settings().webui_name, "version": VERSION}


def _page(html: str, status: int) -> Response:
    answer = Response(html, status, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@bp.app_template_filter("duration")
def _duration(seconds: Any) -> str:
    """Write a duration in its two largest units, as the page's script does; nothing as nothing."""
    if not isinstance(seconds, int | float):
        return ""
    whole = int(seconds)
    for size, unit, next_size, smaller in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // next_size} {smaller}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


@bp.app_template_filter("megabytes")
def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
