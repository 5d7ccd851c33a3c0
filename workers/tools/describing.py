"""Finding out what servers of tools offer, before anybody calls them."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from shared.config.secrets import unseal
from shared.errors import SwitchyardError, Unavailable
from shared.kinds.tools import DescribeServers, VerifyServer
from shared.services import tool_servers
from shared.services.tool_servers import BEARER, MCP, OPENAPI, ToolServer
from workers.live import Running, Stopped
from workers.tools import mcp, openapi, openapi_document
from workers.tools.base import bearer_for

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 8


class ServersDescribed:
    """Asks all servers that nobody has asked for a while, side by side."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, DescribeServers)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload
        self._bearer = unseal(job.payload.sealed)
        servers = tool_servers.listed()
        self._servers = servers if job.payload.anew else tool_servers.unknown(servers)

    def do(self) -> None:
        """Ask; what a server does not tell is tried again in a while."""
        with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
            waiting = [
                pool.submit(copy_context().run, self._describe, server) for server in self._servers
            ]
            for one in waiting:
                one.result()

    def _describe(self, server: ToolServer) -> None:
        bearer = bearer_for(server, self._bearer)
        try:
            known = _DESCRIBED[server.kind](self._job, server, bearer)
        except Stopped:
            raise
        except SwitchyardError as error:
            log.warning("a server of tools tells nothing: %s", error.message)
            tool_servers.keep(server, None)
        else:
            tool_servers.keep(server, known)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Keep nothing but the count; what was told is in Redis."""
        return {"count": len(self._servers)}


class ServerTrial:
    """Asks one server for an admin who tries it; nothing is kept."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, VerifyServer)  # noqa: S101 -- for the type checker: the kind decides
        self._job = job
        ask = job.payload
        self._server = ToolServer(0, ask.url, ask.path, ask.kind, BEARER)
        self._bearer = unseal(ask.sealed)
        self._found: dict[str, Any] = {}

    def do(self) -> None:
        """Ask.

        Raises:
            Unavailable: It cannot be used; says why.
        """
        try:
            found = _TRIED[self._server.kind](self._job, self._server, self._bearer)
        except Stopped:
            raise
        except SwitchyardError as error:
            raise Unavailable(error.message) from error
        self._found = found

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give it to whoever waits."""
        return self._found


def _try_openapi(job: Running, server: ToolServer, bearer: str) -> dict[str, Any]:
    document = openapi.fetch_document(job, server, bearer)
    specs = openapi_document.describe(document)["specs"]
    return {"openapi": document, "info": document.get("info") or {}, "specs": specs}


def _try_mcp(job: Running, server: ToolServer, bearer: str) -> dict[str, Any]:
    known = mcp.described(job, server, bearer)
    about = {"title": known["title"], "description": known["description"]}
    return {"status": True, "info": about, "specs": known["specs"]}


_DESCRIBED = {OPENAPI: openapi.described, MCP: mcp.described}
_TRIED = {OPENAPI: _try_openapi, MCP: _try_mcp}
