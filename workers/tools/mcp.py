"""Servers that speak MCP by streamable HTTP."""

from typing import Any

from shared.services import tool_servers
from shared.services.tool_servers import ToolServer
from workers.live import Running
from workers.tools.base import Occasion, Spec, ToolFailed, bearer_for
from workers.tools.mcp_process import MCPSession

_LONGEST_COMPLAINT = 2000


def described(job: Running, server: ToolServer, bearer: str) -> dict[str, Any]:
    """Find out what a server offers: `title`, `description`, `specs`.

    Args:
        bearer: What is sent to it; empty for nothing.

    Raises:
        ToolFailed: It cannot be found out.
        Stopped: The job has to end.
    """
    session = MCPSession(server.url, bearer)
    try:
        about = session.open(job)
        specs = [{"type": "function", **one} for one in session.functions(job)]
    finally:
        session.close()
    return {**about, "title": about["title"] or "MCP", "specs": specs}


class MCPToolset:
    """See `base.Toolset`. Its calls share one session with the server."""

    is_cited = False
    handles_files = False

    def __init__(self, server: ToolServer, bearer: str) -> None:
        self.id = server.id
        self._server = server
        self._session = MCPSession(server.url, bearer_for(server, bearer))

    def specs(self, occasion: Occasion) -> list[Spec]:
        """Describe the functions; the server is asked when nobody has done so for a while."""
        known = tool_servers.kept(self._server)
        if known is not None:
            specs: list[Spec] = known["specs"]
            return specs
        return self._session.functions(occasion.job)

    def call(self, name: str, arguments: dict[str, Any], occasion: Occasion) -> Any:
        """Call one of the server's functions."""
        result = self._session.call(occasion.job, name, arguments)
        texts, pictures = _sorted_out(result["pieces"])
        if result["is_error"]:
            raise ToolFailed("\n".join(texts)[:_LONGEST_COMPLAINT] or "It failed.")
        if not texts and result["structured"] is not None:
            return result["structured"]
        text = "\n".join(texts)
        return [*pictures, text] if pictures else text

    def close(self) -> None:
        """End the session."""
        self._session.close()


def _sorted_out(pieces: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Part what a function has given into texts and pictures (data URIs).

    Source: MCP specification, "Tool Result".
    """
    texts: list[str] = []
    pictures: list[str] = []
    for piece in pieces:
        kind, inner = piece.get("type"), piece.get("resource")
        if kind == "text":
            texts.append(str(piece.get("text")))
        elif kind == "image":
            pictures.append(f"data:{piece.get('mimeType')};base64,{piece.get('data')}")
        elif isinstance(inner, dict) and isinstance(inner.get("text"), str):
            texts.append(inner["text"])
        elif kind == "resource_link":
            texts.append(f"{piece.get('name')}: {piece.get('uri')}")
    return texts, pictures
