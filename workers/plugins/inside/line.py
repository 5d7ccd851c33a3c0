"""The plugin's end of the pipe: what is told to the worker, and what it is asked."""

import asyncio
import itertools
import json
import socket
import threading
from typing import Any

from . import frames


class Line:
    """Writes frames, from any thread, and waits for answers to questions."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Future[Any]]] = {}

    def tell(self, op: str, **told: Any) -> None:
        """Send a frame; waits while the worker takes none."""
        body = json.dumps({"op": op, **told}, default=plain, separators=(",", ":"))
        packed = frames.pack(body.encode("utf-8", "replace"))
        with self._lock:
            self._control.sendall(packed)

    def read(self) -> dict[str, Any]:
        """Wait for a frame of the worker.

        Raises:
            frames.Ended: The worker is gone.
        """
        told: dict[str, Any] = json.loads(frames.read(self._control))
        return told

    async def ask(self, call: int, what: str, **told: Any) -> Any:
        """Ask the worker something on behalf of a call, and wait for the answer.

        Raises:
            RuntimeError: It cannot be answered; with the worker's words.
        """
        number = next(self._numbers)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting[number] = (loop, answer)
        try:
            self.tell("ask", id=call, question=number, what=what, **told)
            return await answer
        finally:
            self._waiting.pop(number, None)

    def answered(self, told: dict[str, Any]) -> None:
        """Give an answer to whoever waits for it."""
        found = self._waiting.get(told["question"])
        if found is not None:
            loop, answer = found
            loop.call_soon_threadsafe(_settle, answer, told)


def _settle(answer: "asyncio.Future[Any]", told: dict[str, Any]) -> None:
    if answer.done():
        return
    if "error" in told:
        answer.set_exception(RuntimeError(told["error"]))
    else:
        answer.set_result(told.get("value"))


def plain(value: Any) -> Any:
    """Write what JSON has no form for: models of Pydantic, sets, bytes, dates, and other things."""
    for name in ("model_dump", "dict"):
        dump = getattr(value, name, None)
        if callable(dump) and not isinstance(value, type):
            return dump(mode="json") if name == "model_dump" else dump()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "replace")
    return str(value)
