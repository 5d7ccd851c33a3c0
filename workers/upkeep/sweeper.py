"""The sweeper: brings lost jobs back. Runs in every worker process; a Redis lock lets one at a time
through.
"""

import logging
import os
import threading
import time

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from shared import broker, places, rotation, sweep
from shared.config.settings import get_settings
from shared.errors import Unavailable
from shared.kinds.base import QUEUES
from shared.metrics.catalogue import LAPSED, RESENT
from shared.outage import Outage
from shared.redis import get_redis, key
from workers.upkeep.positions import Positions

log = logging.getLogger(__name__)

_PAUSE_S = 0.5
# A pass takes milliseconds; a sweeper that dies in it is replaced after so long.
_LOCK_MS = 2000
_CLOCK_STEP_S = 1.0


class Sweeper:
    """Sweeps as long as the process lives."""

    def __init__(self) -> None:
        # A new process knows of no outage: what has lapsed before its time is swept at once.
        self._trusted_from = 0.0
        self._clock_offset = _clock_offset()
        self._positions = Positions()

    def run(self) -> None:
        """Sweep for ever."""
        outage = Outage(log, "sweeping")
        while True:
            time.sleep(_PAUSE_S)
            try:
                if self._has_the_broom():
                    self._pass()
                    outage.is_over()
            except (Unavailable, DBAPIError, RedisError, OSError) as error:
                # While Redis or the database was away nobody could renew: give the living time to.
                self._distrust_leases()
                outage.goes_on(error)
            except Exception:  # border: without a sweeper lost jobs stay lost
                log.exception("the sweeper stumbled")

    def _distrust_leases(self) -> None:
        """Leave everything as it is until everybody alive has renewed."""
        self._trusted_from = time.monotonic() + get_settings().job_lease_s

    def _has_the_broom(self) -> bool:
        mine = f"{os.uname().nodename}:{os.getpid()}"
        return bool(get_redis().set(key("sweeper"), mine, nx=True, px=_LOCK_MS))

    def _pass(self) -> None:
        started = time.monotonic()
        try:
            is_idle = not sweep.status_counts()
            if time.monotonic() - started > get_settings().job_lease_s / 2:
                # The look itself had to wait for the database, as every renewal had.
                self._distrust_leases()
            if self._was_clock_set():
                log.warning("the clock was set: leases mean nothing until they are renewed")
                self._distrust_leases()
            if not is_idle and time.monotonic() >= self._trusted_from:
                self._send_what_waits()
        finally:
            get_redis().delete(key("sweeper"))

    def _send_what_waits(self) -> None:
        backlogged = _backlogged()
        _send_again(sweep.sweep(backlogged))
        _send_again(_not_in_line(sweep.long_queued(backlogged)))
        _send(places.free())
        self._positions.tell(backlogged)

    def _was_clock_set(self) -> bool:
        before, self._clock_offset = self._clock_offset, _clock_offset()
        return abs(self._clock_offset - before) > _CLOCK_STEP_S


def _clock_offset() -> float:
    """Give the distance between the clock that may be set and the one that may not, in seconds."""
    return time.time() - time.monotonic()


def _backlogged() -> list[str]:
    """Name the queues in which messages wait."""
    pipe = get_redis().pipeline(transaction=False)
    for name in QUEUES:
        pipe.llen(broker.queue_key(name))
    return [name for name, length in zip(QUEUES, pipe.execute(), strict=True) if length]


def _not_in_line(jobs: list[sweep.Lost]) -> list[sweep.Lost]:
    """Choose those of which the line knows nothing: whoever took them out died before the claim."""
    missing: list[sweep.Lost] = []
    for queue in {job.queue for job in jobs}:
        straight = broker.straight_job(queue)
        here = [job for job in jobs if job.queue == queue and job.id != straight]
        waits = rotation.are_waiting(queue, [(job.user_id, job.id, job.kind) for job in here])
        missing += [job for job, is_waiting in zip(here, waits, strict=True) if not is_waiting]
    return missing


def _send_again(lost: list[sweep.Lost]) -> None:
    for job in lost:
        (LAPSED if job.has_lapsed else RESENT).count(job.queue)
        log.warning("job %s is sent again after attempt %d", job.id, job.attempt)
    _send(lost)


def _send(found: list[sweep.Lost]) -> None:
    for job in found:
        broker.ring(job.id, job.kind, job.queue, job.user_id)


def start() -> None:
    """Start sweeping in the background of this process."""
    threading.Thread(target=Sweeper().run, name="sweeper", daemon=True).start()
