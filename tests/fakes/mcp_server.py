"""A real MCP server, made with the SDK, in a process of its own.

python -m tests.fakes.mcp_server --port 9300
"""

import asyncio
import sys
import threading

import uvicorn
from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from tests.fakes.process import FakeProcess
from tests.services.waiting import free_port

_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
server = MCPServer("Sums", instructions="Adds numbers up.")


@server.tool()
def echo(word: str) -> str:
    """Say it again."""
    return word


@server.tool()
def fails() -> str:
    """Always fail."""
    raise ToolError("the sensor is broken")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def who(ctx: Context) -> str:
    """Tell who asks."""
    return (ctx.headers or {}).get("authorization", "nobody")


@server.tool()
def divide(a: int, b: int) -> float:
    """Divide."""
    return a / b


@server.tool()
def paint() -> Image:
    """Paint a pixel."""
    return Image(data=_PIXEL, format="png")


@server.tool()
async def slow() -> str:
    """Answer never."""
    await asyncio.sleep(600)
    return "late"


class FakeMCP(FakeProcess):
    """The server as a process of its own."""

    module = "tests.fakes.mcp_server"
    path = "/mcp"


def main() -> None:
    """Serve until standard input ends."""
    port = int(sys.argv[sys.argv.index("--port") + 1]) or free_port()
    made = uvicorn.Server(
        uvicorn.Config(server.streamable_http_app(), host="127.0.0.1", port=port, log_level="error")
    )
    threading.Thread(target=made.run, daemon=True).start()
    while not made.started:
        threading.Event().wait(0.01)
    sys.stdout.write(f"mcp on http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
