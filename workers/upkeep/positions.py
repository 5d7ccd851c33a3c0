"""Places in line: jobs that wait because all workers are busy are told how many go before them."""

import time
from collections.abc import Collection

from shared import broker, relay, rotation, sweep

# The first so many of each queue are told; for the others it makes no difference yet.
_TOLD = 200
_PAUSE_S = 2.0


class Positions:
    """Tells the places of waiting jobs, each when it has changed."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}
        self._again_at = 0.0

    def tell(self, queues: Collection[str]) -> None:
        """Write an event for every job whose place has changed, now and then.

        Args:
            queues: Those in which messages wait for a worker.
        """
        now = time.monotonic()
        if now < self._again_at:
            return
        self._again_at = now + _PAUSE_S
        places: dict[str, int] = {}
        for queue in queues:
            places |= _places(queue)
        changed = [job_id for job_id, place in places.items() if self._told.get(job_id) != place]
        for job in sweep.find(changed):
            relay.append(job.id, job.attempt, "queued", {"position": places[job.id]})
        self._told = places


def _places(queue: str) -> dict[str, int]:
    straight, places = broker.straight_job(queue), rotation.first_in_line(queue, _TOLD)
    if straight is None:
        return places
    return {straight: 1} | {job_id: place + 1 for job_id, place in places.items()}
