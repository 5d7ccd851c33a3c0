"""Servers of tools as pages see them: entries in the list of tools, and trials by admins."""

import logging
import threading
from typing import Any

from shared import db, queue
from shared.config.options.shapes import ToolServer as ToolServerForm
from shared.config.secrets import seal
from shared.errors import SwitchyardError, UpstreamFailed
from shared.ids import now_s
from shared.kinds.tools import DESCRIBE_SERVERS, VERIFY_SERVER, DescribeServers, VerifyServer
from shared.queue import Subject
from shared.services import configuration, tool_servers, tools
from shared.services.accounts import Principal
from shared.services.tool_servers import SESSION, ToolServer
from web import errors
from web.auth import credential_of_request
from web.stream.waiting import ask

log = logging.getLogger(__name__)

# Longer than a document may take to come.
_PATIENCE_S = 12.0
_asking = threading.Lock()


def listed_for(user: Principal) -> list[dict[str, Any]]:
    """List the servers that a user may use and that say what they offer, as tools."""
    servers = tools.servers_for(user)
    if tool_servers.unknown(servers):
        with _asking:
            if tool_servers.unknown(servers):
                describe_all()
    elif tool_servers.is_outdated(servers):
        with db.transaction():
            queue.enqueue(DESCRIBE_SERVERS, _everything(), Subject())
    entries = [(server, tool_servers.kept(server)) for server in servers]
    return [_as_tool(server, known) for server, known in entries if known is not None]


def describe_all(anew: bool = False) -> None:
    """Let a worker find out what the servers offer; one that is slow is missing for now.

    Args:
        anew: Whether also those are asked that are known.
    """
    if not tool_servers.listed():
        return
    try:
        ask(DESCRIBE_SERVERS, _everything(anew), Subject(), _PATIENCE_S)
    except SwitchyardError as error:
        log.warning("the servers of tools are not known yet: %s", error)


def _everything(anew: bool = True) -> DescribeServers:
    """Write the request of the job that asks the servers."""
    wants_sign_in = any(server.auth_type == SESSION for server in tool_servers.listed())
    sealed = seal(credential_of_request() or "") if wants_sign_in else ""
    return DescribeServers(anew=anew, sealed=sealed)


def verified(form: ToolServerForm) -> dict[str, Any]:
    """Give what a server says of itself that an admin is trying.

    Raises:
        Status: It cannot be used; 400, with why.
    """
    row = configuration.with_key_of_tools(form.model_dump())
    server = tool_servers.of_connection(0, row)
    bearer = (credential_of_request() or "") if server.auth_type == SESSION else server.key
    trial = VerifyServer(url=server.url, path=server.path, kind=server.kind, sealed=seal(bearer))
    try:
        return ask(VERIFY_SERVER, trial, Subject(), _PATIENCE_S)
    except UpstreamFailed as error:
        words = f"Failed to connect to the tool server: {error.message}"
        raise errors.Status(400, words) from None


def _as_tool(server: ToolServer, known: dict[str, Any]) -> dict[str, Any]:
    now = now_s()
    return {
        "id": server.id,
        "user_id": server.id,
        "name": server.info.get("name") or known["title"],
        "meta": {"description": server.info.get("description") or known["description"]},
        "access_control": server.access_control,
        "updated_at": now,
        "created_at": now,
    }
