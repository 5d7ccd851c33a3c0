"""The child process that speaks MCP: a Python of its own with the SDK and its event loop.

The SDK is built on asyncio, which does not go with the worker's green threads, and takes 50 MB. So
one process beside each worker that needs it holds the sessions of all answers. It loads nothing of
ours, has no environment, and ends with its worker or when it is not needed for a while.

Lines of JSON, in: `{"id", "op": "open" | "list" | "call" | "close" | "cancel", "session",
"within_s", …}`; out: `{"id", "value"}` or `{"id", "error"}`.

Source: https://modelcontextprotocol.io/specification (tools; streamable HTTP).
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED

_CLOSE_WITHIN_S = 2.0
_IDLE_S = 60.0
_LONGEST_LINE, _LONGEST_RESULT = 16 * 1024 * 1024, 8 * 1024 * 1024
_MOST_PAGES = 20
_LONGEST_COMPLAINT = 1000
_LONGEST_ANSWER = 16 * 1024 * 1024
# An answer may be silent for as long as a tool may take; who waits has a deadline of its own.
_PATIENCE = httpx2.Timeout(30, read=600)
_REFUSALS = {
    401: "It wants to know who asks, and does not take what was sent: check the key (401).",
    403: "It does not let us in (403).",
    404: "There is nothing at this address, or not any more (404).",
    405: "There is no MCP by streamable HTTP at this address (405).",
    429: "It is asked too often (429).",
}

Told = dict[str, Any]


class _Counted(httpx2.AsyncByteStream):
    """What a server sends, up to a limit."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size_bytes = 0
        async for piece in self._stream:
            size_bytes += len(piece)
            if size_bytes > _LONGEST_ANSWER:
                raise httpx2.ReadError("It gave too much.")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Transport(httpx2.AsyncHTTPTransport):
    """Opens connections, and reads no more than is sensible."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask; what is compressed could be endless, and is not read."""
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.ReadError("It compresses what it was asked to send as it is.")
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 -- for the type checker
        response.stream = _Counted(response.stream)
        return response


class Session:
    """One connection to a server; opened and closed in a task of its own, as the SDK wants it.

    Attributes:
        is_lost: Whether nothing comes of it any more.
    """

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url, self._headers = url, {**headers, "accept-encoding": "identity"}
        self.is_lost = False
        # The status with which the latest message was refused; 0 when it was not.
        self._refusal = 0
        self._closing = asyncio.Event()
        self._ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            async with (
                self._http() as http,
                Client(streamable_http_client(self._url, http_client=http)) as client,
            ):
                self._ready.set_result(client)
                await self._closing.wait()
        except Exception as error:  # border: whatever is wrong with a server is told in words
            if not self._ready.done():
                self._ready.set_exception(error)

    def _http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers=self._headers,
            timeout=_PATIENCE,
            transport=_Transport(),
            event_hooks={"response": [self._note]},
        )

    async def _note(self, response: httpx2.Response) -> None:
        """Note what the SDK does not tell."""
        if response.request.method == "POST":
            self._refusal = response.status_code if response.is_error else 0

    @property
    def complaint(self) -> str:
        """Say why the server has refused the latest message; empty if it has not, or says so
        itself.
        """
        if self._refusal >= 500:
            return f"It fails ({self._refusal})."
        return _REFUSALS.get(self._refusal, "")

    async def use(self, work: Callable[[Client], Awaitable[Any]]) -> Any:
        """Do something with the client, once it is connected."""
        try:
            client = await asyncio.shield(self._ready)
        except Exception:  # border: whatever it is, it is told; noted is that it was
            self.is_lost = True
            raise
        try:
            return await work(client)
        except MCPError as error:
            self.is_lost = self.is_lost or self.has_expired or error.code == CONNECTION_CLOSED
            raise

    @property
    def has_expired(self) -> bool:
        """Whether the server knows it no more; then the latest message was not taken."""
        return self._refusal == 404

    def anew(self) -> "Session":
        """Open another one to the same server."""
        return Session(self._url, self._headers)

    async def close(self) -> None:
        """End the connection, in good manner if the server lets it."""
        self._closing.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._task), _CLOSE_WITHIN_S)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._ready.done():
            self._ready.exception()


class Child:
    """Reads what is wanted, and does it side by side."""

    def __init__(self, out: Callable[[bytes], None]) -> None:
        self._out = out
        self._sessions: dict[str, Session] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def serve(self, lines: asyncio.StreamReader) -> None:
        """Serve until the worker is gone, or nothing was wanted for a while."""
        while True:
            try:
                line = await asyncio.wait_for(lines.readline(), _IDLE_S)
            except TimeoutError:
                if not self._sessions and not self._tasks:
                    return
                continue
            if not line:
                return
            self._take(json.loads(line))

    def _take(self, told: Told) -> None:
        if told["op"] == "cancel":
            if task := self._tasks.get(told["id"]):
                task.cancel()
            return
        task = asyncio.create_task(self._answer(told))
        self._tasks[told["id"]] = task
        task.add_done_callback(lambda _: self._tasks.pop(told["id"], None))

    async def _answer(self, told: Told) -> None:
        answer: Told
        try:
            work = _OPS[told["op"]](self, told)
            answer = {"value": await asyncio.wait_for(work, told.get("within_s"))}
        except Exception as error:  # border: whatever is wrong with a server is told in words
            answer = {"error": self._words(told, error)}
        line = json.dumps({"id": told["id"], **answer}).encode() + b"\n"
        if len(line) > _LONGEST_RESULT:
            line = json.dumps({"id": told["id"], "error": "It gave too much."}).encode() + b"\n"
        self._out(line)

    async def _use(self, told: Told, work: Callable[[Client], Awaitable[Any]]) -> Any:
        """Use a session. One that was lost is opened anew; one that the server does not know any
        more too, and then what it has not taken is said once more.
        """
        session = self._living(told["session"])
        try:
            return await session.use(work)
        except Exception:  # border: whatever it is, it is told
            if not (session.is_lost and session.has_expired):
                raise
        return await self._living(told["session"]).use(work)

    def _living(self, name: str) -> Session:
        session = self._sessions[name]
        if session.is_lost:
            self._farewell = asyncio.gather(session.close(), return_exceptions=True)
            session = self._sessions[name] = session.anew()
        return session

    def _words(self, told: Told, error: Exception) -> str:
        session = self._sessions.get(told["session"])
        return (session and session.complaint) or _words(error)

    async def _open(self, told: Told) -> Told:
        session = self._sessions[told["session"]] = Session(told["url"], told["headers"])
        try:
            about: Told = await session.use(_about)
        except BaseException as error:
            await self._close(told)
            if session.complaint:
                raise ConnectionError(session.complaint) from error
            raise
        return about

    async def _list(self, told: Told) -> list[Told]:
        found = await self._use(told, _listed)
        return [
            {
                "name": tool.name,
                "description": tool.description or tool.title or tool.name,
                "parameters": tool.input_schema,
            }
            for tool in found
        ]

    async def _call(self, told: Told) -> Told:
        def call(client: Client) -> Awaitable[Any]:
            return client.call_tool(told["name"], told["arguments"])

        result = await self._use(told, call)
        pieces = [block.model_dump(mode="json", by_alias=True) for block in result.content]
        return {
            "pieces": pieces,
            "structured": result.structured_content,
            "is_error": result.is_error,
        }

    async def _close(self, told: Told) -> None:
        session = self._sessions.pop(told["session"], None)
        if session is not None:
            await session.close()


_OPS: dict[str, Callable[[Child, Told], Coroutine[Any, Any, Any]]] = {
    "open": Child._open,
    "list": Child._list,
    "call": Child._call,
    "close": Child._close,
}


async def _about(client: Client) -> Told:
    info = client.server_info
    title = getattr(info, "title", None) or getattr(info, "name", None)
    return {"title": title or "", "description": client.instructions or ""}


async def _listed(client: Client) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    return found


def _words(error: BaseException) -> str:
    """Say what went wrong: of a group of errors the first one that says something."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return "It did not answer in time."
    words = str(error)
    if words.startswith("Failed to parse"):  # the rest is for those who write servers
        words = "It does not speak MCP: " + words.partition("\n")[0]
    return (words or type(error).__name__)[:_LONGEST_COMPLAINT]


async def _main(out: Callable[[bytes], None]) -> None:
    lines = asyncio.StreamReader(limit=_LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin.buffer)
    await Child(out).serve(lines)


def main() -> None:
    """Be the child: what libraries print must not get among the answers."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def out(line: bytes) -> None:
        answers.write(line)
        answers.flush()

    asyncio.run(_main(out))


if __name__ == "__main__":
    main()
