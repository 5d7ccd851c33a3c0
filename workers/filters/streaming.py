"""Stream filters: what models say passes through a function, many pieces in one exchange.

One exchange with a function's process costs as much as many calls inside it. So what all turns of
this worker have for a function gathers for a moment and goes together. When such a load takes too
long, or ends the process, each turn's part goes again by itself: whoever is to blame fails alone.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import orjson

from shared.errors import SwitchyardError
from workers.filters.base import Job
from workers.filters.chunks import Chunks, events_in
from workers.plugins import Group, Plugin, PluginFailed, Silence
from workers.providers.base import Event

_GATHER_S = 0.008
_MOST_PARTS = 400
# A load that takes longer is taken apart.
_PATIENCE_S = 1.0
# For as long nothing is loaded together for a function that was slow.
_SLOW_FOR_S = 60.0
_MOST_LANES = 64

Hear = Callable[[Any], None]
Fail = Callable[[SwitchyardError], SwitchyardError]


class Part:
    """What one turn has for a function, and what comes of it."""

    def __init__(self, values: list[Any], extras: dict[str, Any], plugin: Plugin) -> None:
        self.group = Group(values, extras, plugin.user_valves)
        self.events: list[Any] = []
        self.is_done = threading.Event()
        self.result: list[Any] = []
        self.failure: SwitchyardError | None = None

    def settle(self, result: list[Any] | SwitchyardError) -> None:
        """Take what came of it."""
        if isinstance(result, SwitchyardError):
            self.failure = result
        else:
            self.result = result
        self.is_done.set()


class _Hall(Silence):
    """Hears the events of all parts of a load, and hands each its own."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = parts
        for part in parts:
            part.events.clear()

    def event(self, event: dict[str, Any]) -> None:
        """See `Listener`."""
        number = event.get("group")
        if isinstance(number, int) and 0 <= number < len(self._parts):
            self._parts[number].events.append(event.get("event"))

    def ask(self, event: dict[str, Any]) -> Any:  # noqa: ARG002 -- the protocol's signature
        """Tell that nobody is asked in the middle of a stream.

        Raises:
            PluginFailed: Always.
        """
        raise PluginFailed("Nobody can be asked in the middle of a stream.")


class Lane:
    """All that goes through one version of a function with the same valves."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin
        self._lock = threading.Lock()
        self._waiting: list[Part] = []
        self._is_running = False
        self._slow_until = 0.0

    def send(self, part: Part) -> None:
        """Take a part; whoever sends it waits for its end."""
        if time.monotonic() < self._slow_until:
            threading.Thread(target=self._alone, args=(part,), daemon=True).start()
            return
        with self._lock:
            self._waiting.append(part)
            is_first = not self._is_running
            self._is_running = True
        if is_first:
            threading.Thread(target=self._run, daemon=True, name="stream filter").start()

    def _run(self) -> None:
        while parts := self._next():
            self._together(parts)

    def _next(self) -> list[Part]:
        time.sleep(_GATHER_S)
        with self._lock:
            parts, self._waiting = self._waiting[:_MOST_PARTS], self._waiting[_MOST_PARTS:]
            self._is_running = bool(parts)
        return parts

    def _together(self, parts: list[Part]) -> None:
        try:
            results = self._called(parts, _PATIENCE_S)
        except SwitchyardError:
            for part in parts:
                threading.Thread(target=self._alone, args=(part,), daemon=True).start()
            return
        for part, result in zip(parts, results, strict=True):
            part.settle(result)

    def _alone(self, part: Part) -> None:
        began = time.monotonic()
        try:
            [result] = self._called([part], None)
        except SwitchyardError as error:
            part.settle(error)
            return
        if time.monotonic() - began > _PATIENCE_S:
            self._slow_until = time.monotonic() + _SLOW_FOR_S
        part.settle(result)

    def _called(
        self, parts: list[Part], patience_s: float | None
    ) -> list[list[Any] | PluginFailed]:
        groups = [part.group for part in parts]
        return self._plugin.call_each("stream", "event", groups, _Hall(parts), patience_s)


_lanes: dict[tuple[str, bytes], Lane] = {}


def _lane_of(plugin: Plugin) -> Lane:
    name = plugin.code.version, orjson.dumps(plugin.valves, option=orjson.OPT_SORT_KEYS)
    lane = _lanes.pop(name, None) or Lane(plugin)
    _lanes[name] = lane  # as the newest
    if len(_lanes) > _MOST_LANES:
        _lanes.pop(next(iter(_lanes)))
    return lane


class StreamFilter:
    """One function on one turn's stream.

    Args:
        extras: What it may ask for.
        hear: Takes what it tells.
        fail: Says in the contract's words that it has failed.
    """

    def __init__(
        self, job: Job, plugin: Plugin, extras: dict[str, Any], hear: Hear, fail: Fail
    ) -> None:
        self._job, self._plugin, self._extras = job, plugin, extras
        self.hear, self._fail = hear, fail
        self._lane = _lane_of(plugin)

    def passed(self, chunks: list[Any]) -> list[Any]:
        """Let chunks pass; those of which nothing is left are left out.

        Raises:
            SwitchyardError: The function has failed.
            Stopped: The job has to end.
        """
        part = Part(chunks, self._extras, self._plugin)
        with self._job.abortable(part.is_done.set):
            self._lane.send(part)
            part.is_done.wait()
        self._job.check()
        for event in part.events:
            self.hear(event)
        if part.failure is not None:
            raise self._fail(part.failure)
        return [chunk for chunk in part.result if chunk]


class Streams:
    """All functions on one turn's stream, in their order."""

    def __init__(self, filters: list[StreamFilter], model: str) -> None:
        self._filters, self._chunks = filters, Chunks(model)

    def passed(self, events: list[Event]) -> list[Event]:
        """Let what one read has brought pass; errors as those of `StreamFilter.passed`, and

        Raises:
            FilterFailed: What came out is no chunk.
        """
        chunks = self._chunks.of(events)
        for one in self._filters:
            if chunks:
                chunks = one.passed(chunks)
        for chunk in chunks:
            if isinstance(chunk, dict) and "event" in chunk:
                self._filters[0].hear(chunk["event"])
        return events_in(chunks)
