"""Following a job: subscribe, replay the log from a cursor, then go on live, without a gap or a
double.
"""

import logging
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import orjson
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from shared import db, relay
from shared.errors import Unavailable
from shared.models.job import Job
from shared.services import jobs
from shared.subscriber import subscriber

# A reader that lags by more than this goes back to the log; its memory stays bounded.
_MAX_WAITING_BYTES = 256_000
# So much of a log is read at once, by the size of the events that were read before.
_REPLAY_FIRST, _REPLAY_MOST, _REPLAY_BYTES = 256, 2000, 1_000_000
# How long nothing may come before the job's row is asked whether there will be more.
# From then on it is asked less and less often.
_DOUBT_AFTER_S, _LONGEST_DOUBT_S = 3.0, 30.0
_TICKER_PAUSE_S = 0.2
# How soon a reader looks again when Redis or the database did not answer.
_RETRY_S = 0.5

Numbered = tuple[int, bytes]

log = logging.getLogger(__name__)


class Follow:
    """One reader of one job's events; a context manager that listens from its start on.

    Args:
        job_id: A job that the reader may read; whoever makes this has asked `access`.
        after: Number of the last event that the reader has.
        is_new: Whether the job does not exist yet, so that an empty log means nothing.
    """

    __slots__ = (
        "_at_once",
        "_bytes",
        "_doubt_after_s",
        "_frames",
        "_has_heard_the_end",
        "_is_behind",
        "_is_new",
        "_is_woken",
        "_news",
        "_quiet_since",
        "_ready",
        "_tick_s",
        "_waits_since",
        "cursor",
        "has_ended",
        "job_id",
    )

    def __init__(self, job_id: str, after: int = 0, is_new: bool = False) -> None:
        self.job_id = job_id
        self.cursor = after
        self.has_ended = False
        self._is_new = is_new
        self._frames: list[bytes] = []
        self._bytes = 0
        self._at_once = _REPLAY_FIRST
        # A job that does not exist yet has no log to read: a gap in front would be noticed.
        self._is_behind = not is_new
        self._news = threading.Event()
        self._quiet_since = self._waits_since = time.monotonic()
        self._doubt_after_s = _DOUBT_AFTER_S if is_new else 0.0
        self._is_woken = False
        self._has_heard_the_end = False
        self._tick_s = 0.0

    def __enter__(self) -> "Follow":
        # Of a new job Redis hears with the message that wakes its worker.
        self._ready = subscriber.add(relay.channel(self.job_id), self._hear, not self._is_new)
        _ticker.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _ticker.remove(self)
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

    def tick(self, now: float) -> None:
        """Let the reader look around if nothing has come for its tick, or if it has to ask the
        job's row; called by the ticker.
        """
        if now - self._waits_since >= self._tick_s:
            self.wake()
        elif now - self._quiet_since >= self._doubt_after_s:
            self._news.set()

    def wake(self) -> None:
        """Let the reader look around although nothing has come: its next batch is empty."""
        self._is_woken = True
        self._news.set()

    def batches(self, tick_s: float) -> Iterator[list[Numbered]]:
        """Give the events as they come, several at a time, until the last one.

        While Redis or the database is away nothing comes; nothing is left out for it.

        Args:
            tick_s: An empty batch is given when nothing has come for so long, in seconds.
        """
        self._tick_s = tick_s
        subscriber.flush()
        if self._is_behind:
            self._ready.wait(2.0)
        while not self.has_ended:
            batch = self._next()
            if batch:
                self._quiet_since, self._doubt_after_s = time.monotonic(), _DOUBT_AFTER_S
                self.cursor = batch[-1][0]
                self.has_ended = relay.is_ending(batch[-1][1])
            elif self.has_ended or not self._is_idle():
                continue
            yield batch
            self._waits_since = time.monotonic()

    def _next(self) -> list[Numbered]:
        """Give what there is now; nothing when it cannot be looked up at the moment."""
        try:
            batch = self._read_log() if self._is_behind else self._take_frames()
            return batch or self._in_doubt()
        except (RedisError, Unavailable, DBAPIError) as error:
            log.warning("job %s cannot be followed right now: %s", self.job_id, error)
            self._is_behind = True
            return []

    def _is_idle(self) -> bool:
        """Wait for news; whether it was only somebody who wants the reader to look around."""
        if not self._is_woken:
            self._news.wait(_RETRY_S if self._is_behind else None)
        is_woken, self._is_woken = self._is_woken, False
        return is_woken

    def _read_log(self) -> list[Numbered]:
        # What is heard from now on is kept; what was heard before is in the log.
        self._news.clear()
        self._is_behind = False
        events = relay.replay(self.job_id, self.cursor, self._at_once)
        if len(events) == self._at_once:
            self._is_behind = True
            mean = sum(map(len, events)) // self._at_once + 1
            self._at_once = min(max(_REPLAY_BYTES // mean, 1), _REPLAY_MOST)
        return list(enumerate(events, self.cursor + 1))

    def _take_frames(self) -> list[Numbered]:
        self._news.clear()
        batch: list[Numbered] = []
        expected = self.cursor + 1
        frames, self._frames, self._bytes = self._frames, [], 0
        for frame in frames:
            first, events = relay.parse_frame(frame)
            if first > expected:
                self._is_behind = True
                self._news.set()
                return batch
            fresh = events[expected - first :]
            batch += enumerate(fresh, expected)
            expected += len(fresh)
            if not fresh and relay.is_ending(events[-1]):
                # The log is shorter than what this reader has seen: see docs/events.md, "Resume".
                self._has_heard_the_end, self._doubt_after_s = True, 0.0
        return batch

    def _in_doubt(self) -> list[Numbered]:
        """Look into the log and ask the job's row when nothing comes: something may have been
        published that was not heard, or the worker may have died before it wrote the last event.
        """
        now = time.monotonic()
        if now - self._quiet_since < self._doubt_after_s:
            return []
        self._quiet_since = now
        self._doubt_after_s = min(max(self._doubt_after_s, _DOUBT_AFTER_S) * 2, _LONGEST_DOUBT_S)
        return self._read_log() or self._ask_row()

    def _ask_row(self) -> list[Numbered]:
        """Give the ending of a job that has ended although its log does not say so."""
        with db.reading() as session:
            job = session.get(Job, self.job_id)
        if job is None:
            # A new job's row may be about to come; any other was deleted.
            self.has_ended = not self._is_new
            return []
        ending = jobs.last_event(job)
        if ending is None:
            return []
        if jobs.has_just_ended(job) and not self._has_heard_the_end:
            # Its worker is about to write the last event, and perhaps some before it.
            self._doubt_after_s = _RETRY_S
            return []
        if relay.length(self.job_id) > 0:
            jobs.close_log(job)
            self._is_behind = True
            # A log that was lost and begun anew may be shorter than what this reader has seen.
            if rest := self._read_log():
                return rest
        return [(self.cursor + 1, relay.encode(ending[0], job.attempt, ending[1]))]


class _Ticker:
    """Wakes readers to whom nothing comes: one timer for all, where each would cost its wait."""

    def __init__(self) -> None:
        self._readers: dict[Follow, None] = {}
        self._thread: threading.Thread | None = None

    def add(self, reader: Follow) -> None:
        self._readers[reader] = None
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)
            self._thread.start()

    def remove(self, reader: Follow) -> None:
        self._readers.pop(reader, None)

    def count(self) -> int:
        return len(self._readers)

    def _run(self) -> None:
        while True:
            time.sleep(_TICKER_PAUSE_S)
            now = time.monotonic()
            for reader in list(self._readers):
                reader.tick(now)


_ticker = _Ticker()


def count_readers() -> int:
    """Count those who follow a job at this process."""
    return _ticker.count()


def ending_of(event: bytes) -> tuple[str, dict[str, Any]]:
    """Read the last event of a job: its type and its data."""
    parsed = orjson.loads(event)
    return parsed["type"], parsed["data"]
