"""The pool of a worker of green threads; apart from `workers.pool`, because it loads gevent."""

from collections.abc import Callable
from typing import Any

from celery.concurrency.gevent import TaskPool

from workers import poller


class GreenPool(TaskPool):  # type: ignore[misc]  # Celery has no types
    """Runs each message in a green thread of its own."""

    takes_straight = True

    def on_start(self) -> None:
        """Begin; Celery connects to the broker afterwards."""
        poller.use()
        super().on_start()

    def on_apply(self, target: Callable[[], None], *_args: Any, **_options: Any) -> Any:
        """Start; waits while all green threads are busy."""
        return self._quick_put(target)
