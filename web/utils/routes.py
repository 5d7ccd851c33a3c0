"""Routes of small services for pages."""

import hashlib
from base64 import b64decode
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, send_file

from shared.config.options import option
from shared.config.settings import get_settings
from shared.errors import Forbidden, NotFound
from shared.kinds.base import JobSpec, Payload
from shared.kinds.code import EXECUTE_CODE, ExecuteCode
from shared.kinds.texts import (
    FORMAT_CODE,
    RENDER_MARKDOWN,
    RENDER_PDF,
    FormatCode,
    RenderMarkdown,
    RenderPDF,
)
from shared.queue import Subject
from shared.services import code
from web.api import endpoint
from web.auth import current_user
from web.errors import Status
from web.stream.waiting import ask
from web.utils import copying
from web.utils.schemas import (
    ChatForm,
    CodeForm,
    CodeResponse,
    EmailQuery,
    HTMLResponse,
    MarkdownForm,
    OutputResponse,
)

bp = Blueprint("utils", __name__)

_PATIENCE_S = 60.0
_LATE = {503: "It takes too long"}


def _made(spec: JobSpec, payload: Payload) -> dict[str, Any]:
    return ask(spec, payload, Subject(current_user().id), _PATIENCE_S)


@bp.get("/gravatar")
@endpoint(query=EmailQuery, response=str, transaction=None)
def show_gravatar(query: EmailQuery) -> str:
    """Give the address of somebody's picture at Gravatar; nobody is asked there.

    Source: Gravatar, "Creating the hash" and "Default image".
    """
    digest = hashlib.sha256(query.email.strip().lower().encode()).hexdigest()
    return f"https://www.gravatar.com/avatar/{quote(digest)}?d=mp"


@bp.post("/code/format")
@endpoint(
    body=CodeForm,
    response=CodeResponse,
    transaction=None,
    errors={400: "It is no Python", **_LATE},
)
def format_code(body: CodeForm) -> dict[str, Any]:
    """Lay a piece of Python out."""
    return _made(FORMAT_CODE, FormatCode(code=body.code))


@bp.post("/code/execute")
@endpoint(
    body=CodeForm,
    response=OutputResponse,
    transaction=None,
    errors={400: "The server runs no code, or its Jupyter server does not", **_LATE},
)
def execute_code(body: CodeForm) -> dict[str, Any]:
    """Run a piece of Python on the Jupyter server, where one is configured."""
    if not code.may_execute():
        raise Status(400, code.NOT_HERE)
    patience = option("CODE_EXECUTION_JUPYTER_TIMEOUT") + _PATIENCE_S
    subject = Subject(current_user().id)
    return ask(EXECUTE_CODE, ExecuteCode(code=body.code), subject, patience)


@bp.post("/markdown")
@endpoint(body=MarkdownForm, response=HTMLResponse, transaction=None, errors=_LATE)
def render_markdown(body: MarkdownForm) -> dict[str, Any]:
    """Write Markdown as HTML; tags in it become text."""
    return _made(RENDER_MARKDOWN, RenderMarkdown(text=body.md))


@bp.post("/pdf")
@endpoint(body=ChatForm, transaction=None, errors=_LATE, media_type="application/pdf")
def render_pdf(body: ChatForm) -> Response:
    """Write a chat as a PDF."""
    made = _made(RENDER_PDF, RenderPDF(title=body.title, messages=body.messages))
    answer = Response(b64decode(made["pdf"]), content_type="application/pdf")
    answer.headers["Content-Disposition"] = "attachment; filename=chat.pdf"
    return answer


@bp.get("/db/download")
@endpoint(
    transaction=None,
    who="admin",
    errors={400: "The database is no SQLite", 401: "ENABLE_ADMIN_EXPORT is off"},
    media_type="application/octet-stream",
)
def download_database() -> Response:
    """Give a copy of the SQLite database, as of one moment."""
    if not get_settings().enable_admin_export:
        raise Forbidden
    return copying.database()


@bp.get("/litellm/config")
@endpoint(
    transaction=None, who="admin", errors={404: "There is none"}, media_type="application/x-yaml"
)
def download_litellm_config() -> Response:
    """Give the file `litellm/config.yaml` of DATA_DIR, which some old installations have."""
    path = get_settings().data_dir / "litellm" / "config.yaml"
    if not path.is_file():
        raise NotFound
    return send_file(path, as_attachment=True, download_name="config.yaml")
