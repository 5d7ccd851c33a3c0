"""An MCP server of the protocol of 2025, which knows its clients by sessions, and can forget them.

Source: https://modelcontextprotocol.io/specification/2025-06-18/basic/transports (sessions).
"""

import json
from typing import Any

from tests.fakes.threaded import Handler, ThreadedFake

Message = dict[str, Any]
_METHOD_UNKNOWN = {"error": {"code": -32601, "message": "Method not found"}}
_SESSION_UNKNOWN = {"error": {"code": -32600, "message": "Session not found"}}


class FakeOldMCP(ThreadedFake):
    """The server; its one tool tells the session in which it is called. Use as a context.

    Attributes:
        sessions: How many were opened; the newest one is known.
        knows: Whether it knows the newest one.
    """

    def __init__(self) -> None:
        self.sessions, self.knows = 0, False
        super().__init__(_Handler)


class _Handler(Handler):
    def serve(self) -> None:
        if self.command != "POST":
            self.tell(b"", "text/plain", 405)
            return
        told = json.loads(self.body)
        status, more = self._answered(told)
        headers = {"Mcp-Session-Id": str(self.fake.sessions)} if more == _WELCOME else {}
        self.tell_json({"jsonrpc": "2.0", "id": told.get("id"), **more}, status, headers)

    def _answered(self, told: Message) -> tuple[int, Message]:
        fake, session = self.fake, self.seen.get("mcp-session-id")
        if told["method"] == "initialize":
            fake.sessions, fake.knows = fake.sessions + 1, True
            return 200, _WELCOME
        if "id" not in told:
            return 202, {}
        if session is None:
            return 400, _METHOD_UNKNOWN
        if session != str(fake.sessions) or not fake.knows:
            return 404, _SESSION_UNKNOWN
        return 200, {"result": _RESULTS[told["method"]](session)}


_WELCOME = {
    "result": {
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "Old", "version": "1"},
    }
}
_RESULTS = {
    "tools/list": lambda _: {"tools": [{"name": "where", "inputSchema": {"type": "object"}}]},
    "tools/call": lambda session: {"content": [{"type": "text", "text": session}]},
}
