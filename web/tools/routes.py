"""Routes of tools."""

from typing import Any

from flask import Blueprint

from shared import db
from shared.models.tool import Tool
from shared.services import tools
from web import sources
from web.api import endpoint
from web.auth import current_user
from web.errors import hide_what_is_missing
from web.sharing import GrantsForm, with_owners
from web.sources import SourceResponse, URLForm
from web.tools import servers
from web.tools.schemas import OwnedToolResponse, ToolForm, WholeToolResponse
from web.valves import add_valves

bp = Blueprint("tools", __name__)
hide_what_is_missing(bp)

_HIDDEN = {401: "No such tool, or not yours to change"}
_NO_SOURCE = {400: "The source is none of a tool"}


@bp.get("/")
@endpoint(response=list[OwnedToolResponse], transaction=None)
def list_tools() -> list[dict[str, Any]]:
    """List the tools that the user may use: those of the workspace, and servers of tools."""
    user = current_user()
    with db.reading():
        found = with_owners(tools.readable_by(user), OwnedToolResponse)
    return found + servers.listed_for(user)


@bp.get("/list")
@endpoint(response=list[OwnedToolResponse])
def list_own_tools() -> list[dict[str, Any]]:
    """List the tools that the user may change."""
    return with_owners(tools.listed(current_user(), "write"), OwnedToolResponse)


@bp.get("/export")
@endpoint(response=list[WholeToolResponse], who="admin")
def export_tools() -> list[Tool]:
    """List all tools with their source."""
    return tools.every()


@bp.post("/load/url")
@endpoint(
    body=URLForm,
    response=SourceResponse,
    transaction=None,
    who="admin",
    errors={400: "It cannot be fetched", 503: "It takes too long"},
)
def load_tool(body: URLForm) -> dict[str, Any]:
    """Fetch the source of a tool from an address; nothing is stored."""
    return sources.fetched(body)


@bp.post("/create")
@endpoint(
    body=ToolForm,
    response=WholeToolResponse,
    errors={400: "The id is taken or no name, or the source is none of a tool", 401: "Not allowed"},
)
def create_tool(body: ToolForm) -> Tool:
    """Write a tool; its source is read, and not run."""
    return tools.create(current_user(), body.id, body.draft)


@bp.get("/id/<tool_id>")
@endpoint(response=WholeToolResponse, errors=_HIDDEN)
def show_tool(tool_id: str) -> Tool:
    """Give a tool with its source."""
    return tools.find(current_user(), tool_id)


@bp.post("/id/<tool_id>/update")
@endpoint(body=ToolForm, response=WholeToolResponse, errors={**_NO_SOURCE, **_HIDDEN})
def update_tool(tool_id: str, body: ToolForm) -> Tool:
    """Write a tool anew; its id stays."""
    return tools.change(current_user(), tool_id, body.draft)


@bp.post("/id/<tool_id>/access/update")
@endpoint(body=GrantsForm, response=WholeToolResponse, errors=_HIDDEN)
def share_tool(tool_id: str, body: GrantsForm) -> Tool:
    """Change whom a tool lets in."""
    return tools.share(current_user(), tool_id, body.control)


@bp.delete("/id/<tool_id>/delete")
@endpoint(response=bool, errors=_HIDDEN)
def delete_tool(tool_id: str) -> bool:
    """Delete a tool."""
    tools.remove(current_user(), tool_id)
    return True


add_valves(bp, tools.find, "read")
