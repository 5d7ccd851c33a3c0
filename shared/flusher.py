"""The writing side of the event log: one flusher per process sends what all its jobs have produced.

The first event leaves at once; while its round trip is under way later events of every job gather
and leave together, and neighbouring pieces of text become one event. So a lone token waits for
nothing, and under load batches grow by themselves (measured: docs/adr/0003-one-flusher.md).
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import hiredis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from shared import relay
from shared.config.settings import get_settings
from shared.outage import Outage
from shared.redis import get_redis

log = logging.getLogger(__name__)

# A job that is this far ahead of Redis waits: a dead Redis must not fill the memory.
_MAX_WAITING_BYTES = 4_000_000
# Lua's unpack takes no more than about 8,000 values.
_MAX_EVENTS_PER_CALL = 2000
# After a batch of so many jobs the next one is given a moment to gather (SPEED: halves the delay at
# 1,000 streams).
_LARGE_BATCH, _GATHER_S = 12, 0.006
# What may wait for company leaves after so long at the latest.
_LATEST_S = 0.05


@dataclass
class _Parcel:
    """What one writer sends in one batch."""

    writer: "Writer"
    events: list[bytes]

    def command(self, sha: bytes) -> bytes:
        """Pack the call that appends the next events; Redis' own protocol, by hiredis."""
        now = self.events[:_MAX_EVENTS_PER_CALL]
        writer = self.writer
        ends = relay.is_ending(now[-1])
        values = relay.append_values(writer.attempt, writer.expected, ends, now)
        packed: bytes = hiredis.pack_command(("EVALSHA", sha, *writer.keys, *values))
        return packed

    def settle(self, answer: int) -> bool:
        """Take the script's answer; whether all of the parcel is through."""
        self.events = self.events[_MAX_EVENTS_PER_CALL:]
        if answer >= 0:
            self.writer.expected = answer
            return not self.events
        self.writer.refuse(answer)
        self.events = _ending_of(self.events) if answer == relay.FULL else []
        return not self.events


def _ending_of(events: list[bytes]) -> list[bytes]:
    """Keep the last event of a job, which a full log takes all the same."""
    return [event for event in events[-1:] if relay.is_ending(event)]


def _nobody(_reason: int) -> None:
    """Hear a refusal that no longer matters to anybody."""


class Writer:
    """One attempt's pen: gathers events until the flusher takes them. See `Flusher.writer`.

    What waits stands in a list whose single operations are atomic: this is done for every piece
    of every answer, where a lock would cost as much as all the rest.
    """

    def __init__(
        self, flusher: "Flusher", job_id: str, attempt: int, on_refused: Callable[[int], None]
    ) -> None:
        self.job_id, self.attempt = job_id, attempt
        self.keys = relay.append_keys(job_id)
        self.expected = relay.OPENING
        self.is_refused = False
        self.is_full = False
        self.is_dirty = False
        self._flusher = flusher
        self._on_refused = on_refused
        # Pieces of text, and other events as they are stored.
        self._waiting: list[str | bytes] = []
        self._waiting_bytes = 0
        self._taken_bytes = 0

    def text(self, piece: str) -> None:
        """Append a piece of the answer's text."""
        self._append(piece)

    def emit(self, kind: str, data: dict[str, Any]) -> None:
        """Append any other event; one of `relay.ENDINGS` closes the log."""
        self._append(relay.encode(kind, self.attempt, data))

    def emit_with_next(self, kind: str, data: dict[str, Any]) -> None:
        """Append an event that nobody waits for: it leaves with the next one, or a moment later."""
        event = relay.encode(kind, self.attempt, data)
        self._waiting.append(event)
        self._waiting_bytes += len(event)
        if not self.is_dirty:
            self._flusher.wake_later(self)

    def _append(self, item: str | bytes) -> None:
        self._waiting.append(item)
        self._waiting_bytes += len(item)
        self.hurry()
        if self._waiting_bytes > _MAX_WAITING_BYTES:
            self._flusher.wait_for_room(self)

    def hurry(self) -> None:
        """Let the flusher send what waits, if it does not know of it yet."""
        if self._waiting and not self.is_dirty:
            self.is_dirty = True
            self._flusher.wake(self)

    @property
    def has_room(self) -> bool:
        """Whether so little waits that more may be made."""
        return self.is_refused or self._waiting_bytes <= _MAX_WAITING_BYTES

    def take(self) -> _Parcel:
        """Hand what waits to the flusher; neighbouring pieces of text become one event."""
        self.is_dirty = False
        self._taken_bytes += self._waiting_bytes
        self._waiting_bytes = 0
        events: list[bytes] = []
        pieces: list[str] = []
        items = self._waiting[:]
        del self._waiting[: len(items)]
        for item in items:
            if isinstance(item, str):
                pieces.append(item)
                continue
            if pieces:
                events.append(self._delta(pieces))
                pieces = []
            events.append(item)
        if pieces:
            events.append(self._delta(pieces))
        if self._taken_bytes > get_settings().job_log_max_bytes and not self.is_full:
            self.refuse(relay.FULL)
        return _Parcel(self, _ending_of(events) if self.is_full else events)

    def refuse(self, reason: int) -> None:
        """Hear that the log takes no more from this attempt; a full one still takes the end."""
        if reason == relay.FULL:
            self.is_full = True
        else:
            self.is_refused = True
        self._on_refused(reason)

    def close(self) -> None:
        """Forget who wants to hear of refusals: nothing more is written after the end."""
        self._on_refused = _nobody

    def _delta(self, pieces: list[str]) -> bytes:
        text = "".join(pieces)
        try:
            return relay.encode("delta", self.attempt, {"text": text})
        except TypeError:
            # Half a character: it must not end the thread that writes for all jobs.
            whole = text.encode("utf-8", "replace").decode()
            return relay.encode("delta", self.attempt, {"text": whole})


class Flusher:
    """Sends the events of all writers of this process, in one round trip per batch."""

    def __init__(self) -> None:
        # Who wrote first is sent first.
        self._dirty: deque[Writer] = deque()
        self._work = threading.Event()
        # Those with something that may wait.
        self._patient: deque[Writer] = deque()
        self._patience = threading.Event()
        self._sent = threading.Condition()
        self._is_sending = False
        self._connection: Any = None
        self._sha = b""
        self._thread: threading.Thread | None = None
        self._outage = Outage(log, "writing the event log")

    def writer(self, job_id: str, attempt: int, on_refused: Callable[[int], None]) -> Writer:
        """Make the writer of one attempt.

        Args:
            on_refused: Called with relay.FENCED, LOST or FULL when the log takes no more; must not
                block.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="flusher", daemon=True)
            self._thread.start()
            threading.Thread(target=self._hurry_all, name="stragglers", daemon=True).start()
        return Writer(self, job_id, attempt, on_refused)

    def wake(self, writer: Writer) -> None:
        """Send what a writer has, soon."""
        self._dirty.append(writer)
        if not self._work.is_set():
            self._work.set()

    def wake_later(self, writer: Writer) -> None:
        """Send what a writer has when it has more, or a moment later."""
        self._patient.append(writer)
        if not self._patience.is_set():
            self._patience.set()

    def wait_for_room(self, writer: Writer) -> None:
        """Hold a job that is far ahead of Redis until there is room."""
        with self._sent:
            self._sent.wait_for(lambda: writer.has_room)

    def drain(self, timeout_s: float) -> bool:
        """Wait until everything is sent; whether it was in time."""
        self._hurry_patient()
        with self._sent:
            return self._sent.wait_for(lambda: not self._dirty and not self._is_sending, timeout_s)

    def _run(self) -> None:
        while True:
            self._work.wait()
            self._work.clear()
            if self._flush() > _LARGE_BATCH:
                time.sleep(_GATHER_S)

    def _hurry_all(self) -> None:
        while True:
            self._patience.wait()
            self._patience.clear()
            time.sleep(_LATEST_S)
            self._hurry_patient()

    def _hurry_patient(self) -> None:
        with suppress(IndexError):  # when nobody is left
            while True:
                self._patient.popleft().hurry()

    def _flush(self) -> int:
        self._is_sending = True
        parcels = [self._dirty.popleft().take() for _ in range(len(self._dirty))]
        parcels = [p for p in parcels if p.events and not p.writer.is_refused]
        size = len(parcels)
        self._send_until_done(parcels)
        with self._sent:
            self._is_sending = False
            self._sent.notify_all()
        return size

    def _send_until_done(self, parcels: list[_Parcel]) -> None:
        pause = 0.05
        while parcels:
            try:
                self._send(parcels)
                self._outage.is_over()
            except NoScriptError:
                self._sha = b""
            except (RedisError, OSError) as error:
                # Also a Redis whose disk or memory is full: as good as down until somebody mends
                # it.
                self._outage.goes_on(error)
                self._disconnect()
                time.sleep(pause)
                pause = min(pause * 2, 1.0)

    def _send(self, parcels: list[_Parcel]) -> None:
        """Send one batch; parcels that are through leave the list, also when a later one fails."""
        connection = self._connect()
        connection.send_packed_command([b"".join([p.command(self._sha) for p in parcels])])
        done: set[int] = set()
        failure: RedisError | None = None
        try:
            for place, parcel in enumerate(parcels):
                try:
                    answer = connection.read_response()
                except ResponseError as error:
                    failure = error
                    continue
                if parcel.settle(answer):
                    done.add(place)
        finally:
            parcels[:] = [p for place, p in enumerate(parcels) if place not in done]
        if failure is not None:
            raise failure

    def _connect(self) -> Any:
        if self._connection is None:
            pool = get_redis().connection_pool
            self._connection = pool.connection_class(
                **{**pool.connection_kwargs, "health_check_interval": 0}
            )
            self._connection.connect()
        if not self._sha:
            self._connection.send_command("SCRIPT", "LOAD", relay.APPEND)
            self._sha = self._connection.read_response()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()
        self._connection, self._sha = None, b""


flusher = Flusher()
