"""Servers of tools: those that an admin has set up, and what is known of each.

What a server offers is described by a job and kept in Redis for a while, so that listing tools
costs nobody a call to a slow or dead server.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.config.options import option
from shared.redis import get_redis, key

OPENAPI, MCP = "openapi", "mcp"
BEARER, SESSION = "bearer", "session"
PREFIX = "server:"

_KEPT_S = 600
# A server that could not be described is soon asked again.
_FAILURE_KEPT_S = 20


@dataclass(frozen=True)
class ToolServer:
    """One server of tools.

    Attributes:
        index: Its place in the admin's list.
        url: Base address without a trailing slash; of MCP the endpoint itself.
        path: Where its OpenAPI document is, below the address or an address of its own.
        kind: OPENAPI or MCP: the protocol that it speaks.
        auth_type: BEARER sends `key`, SESSION what the user has signed in with; else nothing.
        access_control: Whom it lets in; None: everybody.
    """

    index: int
    url: str
    path: str = ""
    kind: str = OPENAPI
    auth_type: str = ""
    key: str = field(repr=False, default="")
    is_enabled: bool = True
    access_control: dict[str, Any] | None = field(default=None, hash=False)
    info: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def id(self) -> str:
        """The id under which its tools are asked for."""
        return f"{PREFIX}{self.index}"

    @property
    def document_url(self) -> str:
        """Where its OpenAPI document is."""
        if "://" in self.path:
            return self.path
        return f"{self.url}/{self.path.lstrip('/')}"

    @property
    def mark(self) -> str:
        """By what it is known: whatever else is kept of it holds as long as this is the same."""
        about = [self.kind, self.url, self.path, self.auth_type, self.key]
        return hashlib.sha256(orjson.dumps(about)).hexdigest()[:32]


def listed() -> list[ToolServer]:
    """List the servers that are switched on."""
    rows = [
        of_connection(place, row) for place, row in enumerate(option("TOOL_SERVER_CONNECTIONS"))
    ]
    return [server for server in rows if server.is_enabled and server.url]


def of_connection(index: int, row: dict[str, Any]) -> ToolServer:
    """Read a server of tools as an admin has saved it."""
    config = row.get("config") or {}
    info = row.get("info") or {}
    kind = MCP if row.get("type") == MCP else OPENAPI
    url = str(row.get("url") or "").strip()
    return ToolServer(
        index=index,
        url=url if kind == MCP else url.rstrip("/"),
        path=str(row.get("path") or "").strip(),
        kind=kind,
        auth_type=str(row.get("auth_type") or ""),
        key=str(row.get("key") or ""),
        is_enabled=config.get("enable", True) is not False,
        access_control=config.get("access_control"),
        info=info if isinstance(info, dict) else {},
    )


def find(tool_id: str) -> ToolServer | None:
    """Give the server of an id such as `server:0`; `server:mcp:0` means the same."""
    place = tool_id.removeprefix(PREFIX).removeprefix("mcp:")
    found = [server for server in listed() if str(server.index) == place]
    return found[0] if tool_id.startswith(PREFIX) and found else None


def keep(server: ToolServer, description: dict[str, Any] | None) -> None:
    """Keep what a server offers, for all processes; None when it could not be found out."""
    lifetime = _FAILURE_KEPT_S if description is None else _KEPT_S
    get_redis().set(_name(server), orjson.dumps(description), ex=lifetime)


def kept(server: ToolServer) -> dict[str, Any] | None:
    """Give what is known of a server: `{"title", "description", "specs", …}`; None for nothing."""
    packed = get_redis().get(_name(server))
    description: dict[str, Any] | None = None if packed is None else orjson.loads(packed)
    return description


def unknown(servers: list[ToolServer]) -> list[ToolServer]:
    """Give those of which nobody has tried to find anything out for a while."""
    if not servers:
        return []
    found = get_redis().mget([_name(server) for server in servers])
    return [server for server, packed in zip(servers, found, strict=True) if packed is None]


def _name(server: ToolServer) -> str:
    return key("tools", "server", server.mark)
