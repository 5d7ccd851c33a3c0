"""A worker inside this process: takes what the broker's queues hold and runs it, in threads.

It knows nothing of Celery's pools; what a job goes through (claim, lease, work, end) is the real
thing, and so are its log and its provider.
"""

import json
import threading
from collections.abc import Iterator

import pytest

from shared.flusher import flusher
from shared.kinds.base import QUEUES
from shared.redis import get_redis, key
from workers import base

_STOP = b"stop"


class InsideWorker:
    """Runs jobs until it is stopped.

    Attributes:
        done: Ids of the jobs that it has run, in the order in which they ended.
    """

    def __init__(self) -> None:
        self.done: list[str] = []
        self._names = [key("broker", name) for name in QUEUES]
        self._running: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._take, daemon=True)

    def start(self) -> "InsideWorker":
        """Begin to take jobs."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Take no more, and wait for what is running."""
        get_redis().rpush(self._names[0], _STOP)
        for thread in (self._thread, *self._running):
            thread.join(60)
            assert not thread.is_alive(), "a job does not end"
        assert flusher.drain(60), "some events were not written"

    def _take(self) -> None:
        while True:
            found = get_redis().brpop(self._names, timeout=5)
            if found is None:
                continue
            if found[1] == _STOP:
                return
            job_id = json.loads(found[1])["headers"]["id"]
            thread = threading.Thread(target=self._run, args=(job_id,), daemon=True)
            self._running.append(thread)
            thread.start()

    def _run(self, job_id: str) -> None:
        base.run(job_id)
        self.done.append(job_id)


@pytest.fixture
def worker(world: None, request: pytest.FixtureRequest) -> Iterator[InsideWorker]:
    """A worker that runs whatever is accepted during the test."""
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    made = InsideWorker().start()
    yield made
    made.stop()
