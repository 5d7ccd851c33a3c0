"""How far running jobs are and how fast they write, read out of their event logs.

Nobody counts this for us: the logs have it, and they are read only while an admin looks.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson

from shared import relay

# A job that was not looked at before: so many of its newest events may tell how far it is.
_NEWEST = 50
_AT_ONCE = 2000
_BYTES_PER_TOKEN = 4
# The share of a new measure in what is shown: a pace that jumps cannot be read.
_WEIGHT = 0.4


@dataclass
class Progress:
    """What a job's log has told so far.

    Attributes:
        tokens_per_s: Four bytes of text are taken for a token; None while it writes nothing.
        told: The data of its last `progress` event.
    """

    cursor: int
    at: float
    tokens_per_s: float | None = None
    told: dict[str, Any] | None = None

    @property
    def percent(self) -> float | None:
        """How much of it is done; None when it does not say."""
        done, total = (self.told or {}).get("done"), (self.told or {}).get("total")
        if not isinstance(done, int | float) or not isinstance(total, int | float) or total <= 0:
            return None
        return round(min(max(100 * done / total, 0), 100), 1)

    def hear(self, events: list[bytes], now: float) -> None:
        """Take in what has come since the last look."""
        size = 0
        for event in events:
            size += _text_bytes(event)
            if event.startswith(b'{"type":"progress"'):
                self.told = orjson.loads(event)["data"]
            elif event.startswith(b'{"type":"restarted"'):
                self.told, self.tokens_per_s = None, None
        self.cursor += len(events)
        self._measure(size, now - self.at)
        self.at = now

    def _measure(self, size: int, seconds: float) -> None:
        pace = size / _BYTES_PER_TOKEN / max(seconds, 0.05)
        if self.tokens_per_s is None:
            self.tokens_per_s = pace or None
        else:
            self.tokens_per_s += _WEIGHT * (pace - self.tokens_per_s)


def _text_bytes(event: bytes) -> int:
    if not event.startswith(b'{"type":"delta"'):
        return 0
    data = orjson.loads(event)["data"]
    told = (data.get("text"), data.get("reasoning"))
    return sum(len(text.encode("utf-8", "replace")) for text in told if isinstance(text, str))


class Watcher:
    """Looks at the logs of running jobs, each time from where it was."""

    def __init__(self) -> None:
        self._known: dict[str, Progress] = {}

    def look(self, job_ids: Collection[str]) -> dict[str, Progress]:
        """Read what is new; a job that is seen for the first time has no pace yet.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        now = time.monotonic()
        self._known = {one: self._known[one] for one in job_ids if one in self._known}
        cursors = {one: known.cursor for one, known in self._known.items()}
        for one, events in relay.replay_many(cursors, _AT_ONCE).items():
            self._known[one].hear(events, now)
        self._meet([one for one in job_ids if one not in self._known], now)
        return self._known

    def _meet(self, new: list[str], now: float) -> None:
        lengths = relay.lengths(new)
        newest = relay.replay_many(dict.fromkeys(new, -_NEWEST), _NEWEST)
        for one in new:
            met = Progress(0, now)
            met.hear(newest[one], now)
            met.cursor, met.tokens_per_s = lengths[one], None
            self._known[one] = met
