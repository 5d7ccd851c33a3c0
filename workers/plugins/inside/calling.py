"""One call of a plugin's function: its arguments, and whatever form its result has."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from . import asking, bodies
from .grouping import called_for_all
from .line import Line
from .loading import Loaded
from .request import Request
from .standins import Users

# Results of these names are what a streaming answer gives its pieces by.
_BODY = "body_iterator"
_END = object()


class Call:
    """A call under way."""

    def __init__(self, line: Line, loaded: Loaded, told: dict[str, Any]) -> None:
        self._line, self._loaded, self._told = line, loaded, told
        self._id: int = told["id"]

    async def run(self) -> None:
        """Call, and tell the worker what comes of it."""
        asking.begin(self._line, self._id)
        function = self._function()
        if "each" in self._told:
            self._line.tell("result", id=self._id, value=await self._for_all(function))
            return
        result = await self._result(function, self._told.get("arguments") or {})
        if self._told.get("stream"):
            result = await self._streamed(result)
        elif _is_stream(result):
            result = [item async for item in _items(result)]
        self._line.tell("result", id=self._id, value=result)

    def _function(self) -> Callable[..., Any]:
        self._loaded.set_valves(self._told.get("valves"))
        name = str(self._told["name"])
        function = None if name.startswith("_") else getattr(self._loaded.thing, name, None)
        if not callable(function):
            raise AttributeError(f"there is no function {name!r}")
        return function  # type: ignore[no-any-return]  # a user's

    async def _for_all(self, function: Callable[..., Any]) -> list[Any]:
        """Call it for each of several values of several groups."""
        argument, known = str(self._told["each"]), _parameters(function)

        def extras_of(number: int, group: dict[str, Any]) -> dict[str, Any]:
            if known == {argument}:
                return {}
            extras = self._extras(group)
            extras["__event_emitter__"] = self._emitter_of(number)
            return {name: value for name, value in extras.items() if name in known}

        return await called_for_all(function, argument, self._told["groups"], extras_of)

    def _emitter_of(self, number: int) -> Callable[[Any], Any]:
        async def emit(event: Any) -> None:
            self._line.tell("event", id=self._id, event={"group": number, "event": event})

        return emit

    async def _result(self, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        known = _parameters(function)
        extras = {name: value for name, value in self._extras(self._told).items() if name in known}
        if inspect.iscoroutinefunction(function):
            return await function(**arguments, **extras)
        result = await asyncio.to_thread(function, **arguments, **extras)
        return await result if inspect.isawaitable(result) else result

    def _extras(self, told: dict[str, Any]) -> dict[str, Any]:
        """Make what functions may ask for beside their arguments."""
        extras = dict(told.get("extras") or {})
        user = extras.get("__user__")
        if isinstance(user, dict):
            valves = self._loaded.user_valves(told.get("user_valves"))
            Users.asking = user
            extras["__user__"] = {**user, "valves": valves}
        extras["__event_emitter__"] = self._emit
        extras["__event_call__"] = self._ask
        extras["__request__"] = Request(extras.get("__request__") or {})
        if isinstance(extras.get("__tools__"), dict):
            extras["__tools__"] = {n: self._tool(n, s) for n, s in extras["__tools__"].items()}
        return extras

    async def _emit(self, event: Any) -> None:
        self._line.tell("event", id=self._id, event=event)

    async def _ask(self, event: Any) -> Any:
        return await self._line.ask(self._id, "event", event=event)

    def _tool(self, name: str, about: dict[str, Any]) -> dict[str, Any]:
        async def use(**arguments: Any) -> Any:
            return await self._line.ask(self._id, "tool", name=name, arguments=arguments)

        return {**about, "callable": use}

    async def _streamed(self, result: Any) -> Any:
        """Tell a stream's pieces one by one; what is no stream is the result."""
        if not _is_stream(result):
            return result
        async for item in _items(result):
            self._line.tell("item", id=self._id, value=item)
        return None


def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return frozenset()


def _is_stream(result: Any) -> bool:
    return (
        hasattr(result, _BODY)
        or inspect.isgenerator(result)
        or inspect.isasyncgen(result)
        or (isinstance(result, Iterator | AsyncIterator))
    )


async def _items(result: Any) -> AsyncIterator[Any]:
    if not hasattr(result, _BODY):
        async for item in _each(result):
            yield item
        return
    lines = bodies.Lines()
    async for piece in _each(getattr(result, _BODY)):
        for item in lines.feed(piece):
            yield item
    for item in lines.finish():
        yield item


async def _each(source: Any) -> AsyncIterator[Any]:
    if hasattr(source, "__aiter__"):
        async for item in source:
            yield item
        return
    pieces = iter([source] if isinstance(source, str | bytes) else source)
    while (item := await asyncio.to_thread(next, pieces, _END)) is not _END:
        yield item
