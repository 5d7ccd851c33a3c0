"""Routes of the documentation (ENV=dev), and the command that writes the document into a file."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import orjson
from flask import Blueprint, Response, current_app, render_template, send_from_directory
from werkzeug.exceptions import NotFound as NoSuchFile

from shared.config.settings import get_settings
from shared.errors import NotFound
from web.api import json_response

bp = Blueprint("docs", __name__, template_folder="templates", cli_group=None)


def _assets() -> Path:
    """Find the files of Swagger UI in their package, of which nothing else is used."""
    spec = find_spec("flask_swagger_ui")
    if spec is None or spec.origin is None:
        raise NotFound
    return Path(spec.origin).parent / "dist"


def _document() -> dict[str, Any]:
    from web.openapi import document  # noqa: PLC0415 -- it reads the list of areas, this one among them

    return document(current_app)


@bp.before_request
def _let_developers_in() -> None:
    if not get_settings().is_dev:
        raise NotFound


@bp.get("/openapi.json")
def show_document() -> Response:
    """Give the OpenAPI document."""
    return json_response(orjson.dumps(_document()))


@bp.get("/docs")
def show() -> str:
    """Show the document in Swagger UI."""
    return render_template("swagger.html")


@bp.get("/docs/<path:filename>")
def show_asset(filename: str) -> Response:
    """Serve a file of Swagger UI."""
    try:
        return send_from_directory(_assets(), filename)
    except NoSuchFile:
        raise NotFound from None


@bp.cli.command("openapi")
def write_document() -> None:
    """Write the OpenAPI document to standard output."""
    click.echo(orjson.dumps(_document(), option=orjson.OPT_INDENT_2))
