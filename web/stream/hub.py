"""Following a job: subscribe, replay the log from a cursor, then go on live, without a gap or a
double.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import orjson

from shared import db, relay
from shared.models.job import Job
from shared.services import jobs
from shared.subscriber import subscriber

# A reader that lags by more than this goes back to the log; its memory stays bounded.
_MAX_WAITING_BYTES = 256_000
_REPLAY_AT_ONCE = 2000
# How long nothing may come before the job's row is asked whether there will be more.
_DOUBT_AFTER_S = 3.0

Numbered = tuple[int, bytes]


class Follow:
    """One reader of one job's events; a context manager that listens from its start on.

    Args:
        job_id: A job that the reader may read; whoever makes this has asked `access`.
        after: Number of the last event that the reader has.
        is_new: Whether the job does not exist yet, so that an empty log means nothing.
    """

    def __init__(self, job_id: str, after: int = 0, is_new: bool = False) -> None:
        self.job_id = job_id
        self.cursor = after
        self.has_ended = False
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        # A job that does not exist yet has no log to read: a gap in front would be noticed.
        self._is_behind = not is_new
        self._news = threading.Event()
        self._quiet_since = time.monotonic()
        self._is_doubtful = not is_new
        self._is_woken = False

    def __enter__(self) -> "Follow":
        self._ready = subscriber.add(relay.channel(self.job_id), self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        subscriber.remove(relay.channel(self.job_id), self._hear)

    def _hear(self, frame: bytes | None) -> None:
        if frame is None or self._bytes > _MAX_WAITING_BYTES:
            self._is_behind = True
            self._frames.clear()
            self._bytes = 0
        elif not self._is_behind:
            self._frames.append(frame)
            self._bytes += len(frame)
        self._news.set()

    def wake(self) -> None:
        """Let the reader look around although nothing has come: its next batch is empty."""
        self._is_woken = True
        self._news.set()

    def batches(self, tick_s: float) -> Iterator[list[Numbered]]:
        """Give the events as they come, several at a time, until the last one.

        Args:
            tick_s: An empty batch is given when nothing has come for so long, in seconds.
        """
        if self._is_behind:
            self._ready.wait(2.0)
        while not self.has_ended:
            batch = self._read_log() if self._is_behind else self._take_frames()
            if not batch:
                batch = self._in_doubt()
            if not batch:
                if not self._is_woken and self._news.wait(tick_s):
                    continue
                self._is_woken = False
                yield []
                continue
            self._quiet_since = time.monotonic()
            self.cursor = batch[-1][0]
            self.has_ended = relay.is_ending(batch[-1][1])
            yield batch

    def _read_log(self) -> list[Numbered]:
        # What is heard from now on is kept; what was heard before is in the log.
        self._is_behind = False
        events = relay.replay(self.job_id, self.cursor, _REPLAY_AT_ONCE)
        if len(events) == _REPLAY_AT_ONCE:
            self._is_behind = True
        return list(enumerate(events, self.cursor + 1))

    def _take_frames(self) -> list[Numbered]:
        self._news.clear()
        batch: list[Numbered] = []
        expected = self.cursor + 1
        while self._frames:
            frame = self._frames.popleft()
            self._bytes -= len(frame)
            first, events = relay.parse_frame(frame)
            if first > expected:
                self._is_behind = True
                self._news.set()
                return batch
            fresh = events[expected - first :]
            batch += enumerate(fresh, expected)
            expected += len(fresh)
        return batch

    def _in_doubt(self) -> list[Numbered]:
        """Ask the job's row when nothing comes: its worker may have died before it wrote the last
        event.
        """
        now = time.monotonic()
        if not self._is_doubtful and now - self._quiet_since < _DOUBT_AFTER_S:
            return []
        self._quiet_since, self._is_doubtful = now, False
        with db.reading() as session:
            job = session.get(Job, self.job_id)
            ending = None if job is None else jobs.last_event(job)
        if job is None or ending is None:
            return []
        if relay.length(self.job_id) > 0:
            jobs.close_log(job)
            self._is_behind = True
            # A log that was lost and begun anew may be shorter than what this reader has seen.
            if rest := self._read_log():
                return rest
        return [(self.cursor + 1, relay.encode(ending[0], job.attempt, ending[1]))]


def ending_of(event: bytes) -> tuple[str, dict[str, Any]]:
    """Read the last event of a job: its type and its data."""
    parsed = orjson.loads(event)
    return parsed["type"], parsed["data"]
