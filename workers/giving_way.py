"""Letting others go first, in the middle of work that takes long and keeps what it has done."""

import logging
import time

from redis.exceptions import RedisError

from shared import rotation
from shared.config.settings import get_settings
from workers.live import HandedOver, Running

log = logging.getLogger(__name__)


class Turn:
    """The time that a job has at a process. It begins with the first new piece of work: an attempt
    that had not come to one would never end.
    """

    def __init__(self, job: Running) -> None:
        self._job = job
        self._began: float | None = None

    def give_way(self) -> None:
        """Go back into the line when the time is up and somebody else's job waits in it. To be
        called before each new piece of work, when the one before is kept: the next attempt begins
        there.

        Raises:
            HandedOver: It is somebody else's turn.
        """
        claim = self._job.claim
        now = time.monotonic()
        if self._began is None:
            self._began = now
            return
        if now - self._began < get_settings().job_turn_s:
            return
        try:
            is_wanted = rotation.do_others_wait(claim.queue, claim.user_id)
        except RedisError:
            return  # nobody can tell, and there is more to lose
        if is_wanted:
            log.info("the job goes on when others have had their turn")
            raise HandedOver
