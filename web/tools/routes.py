"""Routes of tools."""

from typing import Any

from flask import Blueprint

from shared import db
from shared.models.tool import Tool
from shared.services import tools
from web import trying
from web.api import endpoint
from web.auth import current_user
from web.errors import hide_what_is_missing
from web.sharing import GrantsForm, with_owners
from web.sources import add_loading
from web.tools import servers
from web.tools.schemas import OwnedToolResponse, ToolForm, WholeToolResponse
from web.valves import add_valves

bp = Blueprint("tools", __name__)
hide_what_is_missing(bp)

_HIDDEN = {401: "No such tool, or not yours to change"}
_UNFIT = "the source is none of a tool, or cannot be loaded"


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


@bp.post("/create")
@endpoint(
    body=ToolForm,
    response=WholeToolResponse,
    transaction=None,
    errors={400: f"The id is taken or no name, or: {_UNFIT}", 401: "Not allowed"},
)
def create_tool(body: ToolForm) -> Tool:
    """Write a tool; a worker loads it before."""
    user = current_user()
    with db.reading():
        tool_id = tools.free_id(user, body.id)
    draft = body.draft(trying.loaded("tool", tool_id, body.content))
    with db.transaction():
        return tools.create(user, tool_id, draft)


@bp.get("/id/<tool_id>")
@endpoint(response=WholeToolResponse, errors=_HIDDEN)
def show_tool(tool_id: str) -> Tool:
    """Give a tool with its source."""
    return tools.find(current_user(), tool_id)


@bp.post("/id/<tool_id>/update")
@endpoint(
    body=ToolForm,
    response=WholeToolResponse,
    transaction=None,
    errors={400: f"Not changed: {_UNFIT}", **_HIDDEN},
)
def update_tool(tool_id: str, body: ToolForm) -> Tool:
    """Write a tool anew, which a worker loads before; its id stays."""
    user = current_user()
    with db.reading():
        tools.find(user, tool_id, "write")
    draft = body.draft(trying.loaded("tool", tool_id, body.content))
    with db.transaction():
        return tools.change(user, tool_id, draft)


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


add_loading(bp)
add_valves(bp, tools.find, "read")
