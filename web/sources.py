"""Fetching the source of a tool or a function from an address, for an admin who waits."""

from typing import Any

from flask import Blueprint
from pydantic import Field

from shared.addresses import require_web_address
from shared.kinds.workspace import FETCH_SOURCE, FetchSource
from shared.queue import Subject
from shared.schema import Schema
from web.api import endpoint
from web.auth import current_user
from web.stream.waiting import ask

_PATIENCE_S = 20.0


class URLForm(Schema):
    """An address."""

    url: str = Field(max_length=4096)


class SourceResponse(Schema):
    """A source with the name that its address gives it; nothing of it is stored."""

    name: str
    content: str


def add_loading(bp: Blueprint) -> None:
    """Add the route by which admins have a source fetched to a blueprint."""

    @bp.post("/load/url")
    @endpoint(
        body=URLForm,
        response=SourceResponse,
        transaction=None,
        who="admin",
        errors={400: "It cannot be fetched", 503: "It takes too long"},
    )
    def load_source(body: URLForm) -> dict[str, Any]:
        """Fetch a source from an address; nothing is stored."""
        return _fetched(body)


def _fetched(form: URLForm) -> dict[str, Any]:
    """Let a worker fetch a source.

    Raises:
        Invalid: It is no address.
        UpstreamFailed: It cannot be fetched.
        Unavailable: It takes too long.
    """
    payload = FetchSource(url=require_web_address(form.url))
    return ask(FETCH_SOURCE, payload, Subject(current_user().id), _PATIENCE_S)
