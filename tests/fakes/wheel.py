"""Pacing for thousands of streams in one event loop: one timer per millisecond, not per token."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

Step = Callable[[], None]


class Wheel:
    """Calls steps when they are due, a millisecond more or less."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: dict[int, list[Step]] = defaultdict(list)
        self._ready: list[Step] = []

    def now(self) -> float:
        """Give the loop's time in seconds."""
        return self._loop.time()

    def at(self, due: float, step: Step) -> None:
        """Call a step at a moment of the loop's time."""
        slot = int(due * 1000) + 1
        if slot not in self._slots:
            self._loop.call_at(slot / 1000, self._turn, slot)
        self._slots[slot].append(step)

    def soon(self, step: Step) -> None:
        """Call a step in the next round of the loop, in turn with all others."""
        if not self._ready:
            self._loop.call_soon(self._round)
        self._ready.append(step)

    def _turn(self, slot: int) -> None:
        for step in self._slots.pop(slot):
            step()

    def _round(self) -> None:
        ready, self._ready = self._ready, []
        for step in ready:
            step()
