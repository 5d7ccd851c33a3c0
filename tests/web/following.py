"""Somebody who follows a job inside this process."""

import json
from threading import Thread
from typing import Any

from shared import relay
from web.stream.hub import Follow


class Reader:
    """Follows a job in a thread of its own.

    Args:
        after: Number of the last event that it has.
        tick_s: How often it looks around when nothing comes.

    Attributes:
        events: What came, as the hub gives it: number and stored event.
        empty: How often it has looked around.
    """

    def __init__(self, job: str, after: int = 0, tick_s: float = 60.0, **more: Any) -> None:
        self.events: list[tuple[int, bytes]] = []
        self.empty = 0
        self.follow = Follow(job, after, **more)
        self._tick_s = tick_s
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with self.follow as follow:
            for batch in follow.batches(self._tick_s):
                self.events += batch
                self.empty += not batch

    def finish(self, timeout_s: float = 10.0) -> list[tuple[int, str]]:
        """Wait for the end, and give numbers and types.

        Raises:
            AssertionError: There was no end in time.
        """
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), f"no end in {timeout_s:g} s: {self.events}"
        return [(seq, event["type"]) for seq, event in self._parsed]

    @property
    def _parsed(self) -> list[tuple[int, dict[str, Any]]]:
        return [(seq, json.loads(event)) for seq, event in list(self.events)]

    @property
    def listens(self) -> bool:
        """Whether it has read the log, and hears what is published from now on."""
        ready = getattr(self.follow, "_ready", None)  # made when its thread begins
        return ready is not None and ready.is_ready and not self.follow._is_behind

    @property
    def numbers(self) -> list[int]:
        """The numbers that came, in the order in which they came."""
        return [seq for seq, _ in self.events]

    @property
    def text(self) -> str:
        """All pieces of text that came."""
        return "".join(e["data"].get("text", "") for _, e in self._parsed if e["type"] == "delta")

    @property
    def ending(self) -> dict[str, Any]:
        """The last event."""
        seq, event = self.events[-1]
        found: dict[str, Any] = json.loads(relay.numbered(seq, event))
        return found
