"""Finding out what servers of tools offer, before anybody calls them."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from shared.config.secrets import unseal
from shared.errors import SwitchyardError, Unavailable
from shared.kinds.tools import DescribeServers, VerifyServer
from shared.services import tool_servers
from shared.services.tool_servers import BEARER, ToolServer
from workers.live import Running, Stopped
from workers.tools import openapi, openapi_document

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
        try:
            openapi.describe(self._job, server, self._bearer)
        except Stopped:
            raise
        except SwitchyardError as error:
            log.warning("a server of tools tells nothing: %s", error.message)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Keep nothing but the count; what was told is in Redis."""
        return {"count": len(self._servers)}


class ServerTrial:
    """Asks one server for an admin who tries it; nothing is kept."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, VerifyServer)  # noqa: S101 -- for the type checker: the kind decides
        self._job = job
        ask = job.payload
        self._server = ToolServer(0, ask.url.rstrip("/"), ask.path, ask.kind, BEARER)
        self._bearer = unseal(ask.sealed)
        self._found: dict[str, Any] = {}

    def do(self) -> None:
        """Ask.

        Raises:
            Unavailable: It cannot be used; says why.
        """
        try:
            document = openapi.fetch_document(self._job, self._server, self._bearer)
            described = openapi_document.describe(document)
        except Stopped:
            raise
        except SwitchyardError as error:
            raise Unavailable(error.message) from error
        info = document.get("info") or {}
        self._found = {"openapi": document, "info": info, "specs": described["specs"]}

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give it to whoever waits."""
        return self._found
