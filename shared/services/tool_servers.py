"""Servers of tools: those that an admin has set up, and what is known of each.

What a server offers is described by a job and kept in Redis, so that listing tools costs nobody a
call to a slow or dead server; what is old is renewed in the background.
"""

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.config.options import option
from shared.redis import get_redis, key

OPENAPI, MCP = "openapi", "mcp"
BEARER, SESSION = "bearer", "session"
PREFIX = "server:"

_KEPT_S = 7 * 86_400
# When what is known is old; a server that could not be described is soon asked again.
_FRESH_S, _FAILURE_FRESH_S = 600, 60
_RENEWED_WITHIN_S = 30


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
    """Give the server of an id such as `server:0`. Newer clients write `server:mcp:0`, or name the
    server in place of its place.
    """
    name = tool_id.removeprefix(PREFIX).removeprefix("mcp:")
    servers = listed()
    found = [server for server in servers if str(server.index) == name]
    found += [server for server in servers if name and server.info.get("id") == name]
    return found[0] if tool_id.startswith(PREFIX) and found else None


def keep(server: ToolServer, description: dict[str, Any] | None) -> None:
    """Keep what a server offers, for all processes; None when it could not be found out: then what
    was known before stays known.
    """
    known = kept(server) if description is None else description
    entry = {"at": time.time(), "known": known}
    get_redis().set(_name(server), orjson.dumps(entry), ex=_KEPT_S)


def kept(server: ToolServer) -> dict[str, Any] | None:
    """Give what is known of a server: `{"title", "description", "specs", …}`; None for nothing."""
    [entry] = _entries([server])
    known: dict[str, Any] | None = entry["known"] if entry is not None else None
    return known


def unknown(servers: list[ToolServer]) -> list[ToolServer]:
    """Give those of which nobody has tried to find anything out."""
    entries = _entries(servers)
    return [server for server, entry in zip(servers, entries, strict=True) if entry is None]


def is_outdated(servers: list[ToolServer]) -> bool:
    """Whether what is known of one of them is old; says so to one caller in a while, who has it
    renewed.
    """
    if not any(entry is not None and _is_old(entry) for entry in _entries(servers)):
        return False
    return bool(get_redis().set(key("tools", "renewed"), 1, ex=_RENEWED_WITHIN_S, nx=True))


def _is_old(entry: dict[str, Any]) -> bool:
    fresh_s = _FRESH_S if entry["known"] is not None else _FAILURE_FRESH_S
    return bool(entry["at"] < time.time() - fresh_s)


def _entries(servers: list[ToolServer]) -> list[dict[str, Any] | None]:
    packed = get_redis().mget([_name(server) for server in servers]) if servers else []
    return [None if one is None else orjson.loads(one) for one in packed]


def _name(server: ToolServer) -> str:
    return key("tools", "server", server.mark)
