"""From the ids of a request to toolsets: each is looked for, and its rights are looked up again."""

from shared import db
from shared.config.secrets import unseal
from shared.kinds.inference import RunChat
from shared.models.tool import Tool
from shared.services import access, permissions, tool_servers
from shared.services.accounts import Principal
from shared.services.tool_servers import MCP
from workers.tools.base import Toolset
from workers.tools.browser import BrowserToolset
from workers.tools.mcp import MCPToolset
from workers.tools.openapi import OpenAPIToolset
from workers.tools.workspace import WorkspaceToolset


def toolsets_for(owner: Principal, request: RunChat) -> tuple[list[Toolset], list[str]]:
    """Find what a request names; call inside a transaction.

    Returns:
        The toolsets in the request's order, those of the page last; and the ids of those that are
        gone or no longer the user's.
    """
    found: list[Toolset] = []
    missing: list[str] = []
    for tool_id in dict.fromkeys(request.tool_ids):
        toolset = _toolset(owner, tool_id, request.sealed)
        if toolset is None:
            missing.append(tool_id)
        else:
            found.append(toolset)
    if request.tool_servers and _may_use_page(owner):
        found += [BrowserToolset(server) for server in request.tool_servers]
    return found, missing


def _may_use_page(owner: Principal) -> bool:
    """Whether a user may let the page call servers of the user's own."""
    return permissions.allows(owner, "features", "direct_tool_servers")


def _toolset(owner: Principal, tool_id: str, sealed: str) -> Toolset | None:
    if tool_id.startswith(tool_servers.PREFIX):
        server = tool_servers.find(tool_id)
        if server is None or not access.can(owner, "read", server):
            return None
        if server.kind == MCP:
            return MCPToolset(server, unseal(sealed))
        return OpenAPIToolset(server)
    row = db.session().get(Tool, tool_id)
    if row is None or not access.can(owner, "read", row):
        return None
    return WorkspaceToolset(row, owner)
