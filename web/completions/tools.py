"""The tools of a completion: what its request names is looked up, and may be the user's to use."""

from typing import Any

from shared import db
from shared.config.secrets import seal
from shared.services import permissions, tool_servers, tools
from shared.services.accounts import Principal
from shared.services.tool_servers import SESSION
from web.auth import credential_of_request

_MOST_TOOLS, _MOST_SERVERS = 100, 20


def offered(
    user: Principal, tool_ids: list[Any] | None, servers: list[Any] | None
) -> dict[str, Any]:
    """Give what of a request's tools goes into its job; what is missing and what is another's are
    left out alike, as pages name tools that were deleted meanwhile.

    Args:
        servers: Those that the page calls itself.
    """
    made: dict[str, Any] = {}
    wanted = list(dict.fromkeys(_texts(tool_ids)))[:_MOST_TOOLS]
    if wanted:
        with db.reading():
            made["tool_ids"] = [one for one in wanted if tools.may_use(user, one)]
        if _wants_sign_in(made["tool_ids"]):
            made["sealed"] = seal(credential_of_request() or "")
    if servers and permissions.allows(user, "features", "direct_tool_servers"):
        found = [one for one in servers if isinstance(one, dict) and _is_server(one)]
        made["tool_servers"] = [_without_document(one) for one in found[:_MOST_SERVERS]]
    return made


def _texts(values: list[Any] | None) -> list[str]:
    return [one for one in values or () if isinstance(one, str) and "\x00" not in one]


def _wants_sign_in(tool_ids: list[str]) -> bool:
    """Whether a server wants to know who the user is: only then does the job hold it."""
    servers = [tool_servers.find(one) for one in tool_ids]
    return any(server is not None and server.auth_type == SESSION for server in servers)


def _is_server(one: dict[str, Any]) -> bool:
    return isinstance(one.get("url"), str) and isinstance(one.get("specs"), list)


def _without_document(server: dict[str, Any]) -> dict[str, Any]:
    """Leave the page's copy of a server's document out, and its key: the page has both."""
    return {name: value for name, value in server.items() if name not in ("openapi", "key")}
