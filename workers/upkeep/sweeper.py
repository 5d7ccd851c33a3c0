"""The sweeper: brings lost jobs back. Runs in every worker process; a Redis lock lets one at a time
through.
"""

import logging
import os
import threading
import time

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from shared import broker, sweep
from shared.config.settings import get_settings
from shared.errors import Unavailable
from shared.kinds.base import QUEUES
from shared.outage import Outage
from shared.redis import get_redis, key

log = logging.getLogger(__name__)

_PAUSE_S = 0.5
# A pass takes milliseconds; a sweeper that dies in it is replaced after so long.
_LOCK_MS = 2000


class Sweeper:
    """Sweeps as long as the process lives."""

    def __init__(self) -> None:
        # A new process knows of no outage: what has lapsed before its time is swept at once.
        self._trusted_from = 0.0

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
                self._trusted_from = time.monotonic() + get_settings().job_lease_s
                outage.goes_on(error)

    def _has_the_broom(self) -> bool:
        mine = f"{os.uname().nodename}:{os.getpid()}"
        return bool(get_redis().set(key("sweeper"), mine, nx=True, px=_LOCK_MS))

    def _pass(self) -> None:
        started = time.monotonic()
        try:
            is_idle = not sweep.status_counts()
            if time.monotonic() - started > get_settings().job_lease_s / 2:
                # The look itself had to wait for the database, as every renewal had.
                self._trusted_from = time.monotonic() + get_settings().job_lease_s
            if not is_idle and time.monotonic() >= self._trusted_from:
                _send_again(sweep.sweep(_backlogged()))
        finally:
            get_redis().delete(key("sweeper"))


def _backlogged() -> set[str]:
    return {name for name in QUEUES if get_redis().llen(broker.queue_key(name))}


def _send_again(lost: list[sweep.Lost]) -> None:
    for job in lost:
        log.warning("job %s is sent again after attempt %d", job.id, job.attempt)
        broker.ring(job.id, job.kind, job.queue)


def start() -> None:
    """Start sweeping in the background of this process."""
    threading.Thread(target=Sweeper().run, name="sweeper", daemon=True).start()
