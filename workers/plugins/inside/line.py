"""The plugin's end of the pipe: what is told to the worker, and what it is asked."""

import asyncio
import contextlib
import itertools
import json
import math
import queue
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from . import frames

Told = dict[str, Any]


class Line:
    """Writes frames, from any thread, and waits for answers to questions. What cannot be answered
    raises RuntimeError, with the worker's words.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        # By the numbers of questions: who takes what comes of them.
        self._waiting: dict[int, Callable[[Told], Any]] = {}

    def tell(self, op: str, **told: Any) -> None:
        """Send a frame; waits while the worker takes none."""
        packed = frames.pack(_written({"op": op, **told}).encode("utf-8", "replace"))
        with self._lock:
            self._control.sendall(packed)

    def read(self) -> Told:
        """Wait for a frame of the worker.

        Raises:
            frames.Ended: The worker is gone.
        """
        told: Told = json.loads(frames.read(self._control))
        return told

    async def ask(self, call: int, what: str, **told: Any) -> Any:
        """Ask the worker something on behalf of a call, and wait for the answer."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Told] = loop.create_future()

        def settle(heard: Told) -> None:
            if not answer.done():
                answer.set_result(heard)

        number = next(self._numbers)
        self._waiting[number] = lambda heard: loop.call_soon_threadsafe(settle, heard)
        try:
            self.tell("ask", id=call, question=number, what=what, **told)
            return _value(await answer)
        finally:
            self._waiting.pop(number, None)

    def ask_at_once(self, call: int, what: str, **told: Any) -> Any:
        """Ask from code that cannot await, and block until the answer is there."""
        return _value(next(self._heard_at_once(call, what, told)))

    def ask_at_once_for_pieces(self, call: int, what: str, **told: Any) -> Iterator[Any]:
        """Ask for something that comes in pieces, blocking until each is there."""
        for heard in self._heard_at_once(call, what, told):
            if heard["op"] == "answer":
                _value(heard)
                return
            yield heard.get("value")

    def _heard_at_once(self, call: int, what: str, told: Told) -> Iterator[Told]:
        come: queue.SimpleQueue[Told] = queue.SimpleQueue()
        number = next(self._numbers)
        self._waiting[number] = come.put
        try:
            self.tell("ask", id=call, question=number, what=what, **told)
            while True:
                yield come.get()
        finally:
            self._waiting.pop(number, None)

    async def ask_for_pieces(self, call: int, what: str, **told: Any) -> AsyncIterator[Any]:
        """Ask for something that comes in pieces; who takes no more of them tells so by closing.

        Source: PEP 525 (what closing is).
        """
        loop = asyncio.get_running_loop()
        come: asyncio.Queue[Told] = asyncio.Queue()
        number, is_done = next(self._numbers), False
        self._waiting[number] = lambda heard: loop.call_soon_threadsafe(come.put_nowait, heard)
        try:
            self.tell("ask", id=call, question=number, what=what, **told)
            while (heard := await come.get())["op"] == "piece":
                yield heard.get("value")
            is_done = True
            _value(heard)
        finally:
            self._waiting.pop(number, None)
            if not is_done:
                self.tell("drop", id=call, question=number)

    def answered(self, told: Told) -> None:
        """Give an answer, or a piece of one, to whoever waits for it."""
        if take := self._waiting.get(told["question"]):
            with contextlib.suppress(RuntimeError):  # its loop has ended meanwhile
                take(told)


def _value(heard: Told) -> Any:
    if "error" in heard:
        raise RuntimeError(heard["error"])
    return heard.get("value")


def _written(told: Told) -> str:
    """Write a frame as JSON; halves of a letter become question marks, what is no number nothing.

    Source: RFC 8259, sections 6 (numbers) and 8 (text).
    """
    try:
        return _encode(told)
    except ValueError:  # an infinite number, or none: rare, so they are looked for only now
        return _encode(_finite(json.loads(json.dumps(told, default=plain))))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return value


def plain(value: Any) -> Any:
    """Write what JSON has no form for: models of Pydantic, answers of a web framework, sets, bytes,
    dates, and other things.
    """
    for name in ("model_dump", "dict"):
        dump = getattr(value, name, None)
        if callable(dump) and not isinstance(value, type):
            return dump(mode="json") if name == "model_dump" else dump()
    body = getattr(value, "body", None)
    if isinstance(body, bytes) and hasattr(value, "status_code"):
        text = body.decode("utf-8", "replace")
        return json.loads(text) if "json" in str(getattr(value, "media_type", "")) else text
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "replace")
    return str(value)


_encode = json.JSONEncoder(
    default=plain, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
