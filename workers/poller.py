"""What a worker of green threads waits with for its broker.

kombu asks `select`, for which gevent makes a watcher for each connection and an event for all, each
time anew: 7 % of a busy worker's CPU. Here the watchers stay.
"""

import select
from typing import Any

from gevent import get_hub
from gevent.hub import Waiter
from gevent.monkey import get_original
from kombu.transport import redis
from kombu.utils.eventio import READ

_ARRIVALS = 1


class GreenPoller:
    """See `kombu.utils.eventio.Poller`; only arrivals are waited for."""

    def __init__(self) -> None:
        self._watchers: dict[Any, tuple[int, Any]] = {}
        self._there = get_original("select", "poll")()

    def register(self, sock: Any, _events: int) -> None:
        """Wait for a connection from now on."""
        self.unregister(sock)
        number = sock.fileno()
        self._watchers[sock] = number, get_hub().loop.io(number, _ARRIVALS)
        self._there.register(number, select.POLLIN)

    def unregister(self, sock: Any) -> None:
        """Wait for a connection no longer; it may be closed already."""
        number, watcher = self._watchers.pop(sock, (0, None))
        if watcher is not None:
            watcher.close()
            self._there.unregister(number)

    def poll(self, timeout: float | None) -> list[tuple[int, int]] | None:
        """Wait for the first arrival; one that is there already is told at once.

        Otherwise each job would be taken a round of all green threads after the one before. In a
        burst these are many: the first tokens of 1,000 answers took 4.7 s in place of 1.1.

        Args:
            timeout: Seconds; None for ever.

        Returns:
            The number of its connection, with READ; None when time is up.
        """
        if there := self._there.poll(0):
            return [(there[0][0], READ)]
        waiter: Any = Waiter()
        waited_for = list(self._watchers.values())
        timer = None if timeout is None else get_hub().loop.timer(timeout)
        try:
            if timer is not None:
                timer.start(waiter.switch, None)
            for number, watcher in waited_for:
                watcher.start(waiter.switch, number)
            arrived = waiter.get()
        finally:
            for _, watcher in waited_for:
                watcher.stop()
            if timer is not None:
                timer.close()
        return None if arrived is None else [(arrived, READ)]

    def close(self) -> None:
        """Wait for nobody any more."""
        for sock in list(self._watchers):
            self.unregister(sock)


def use() -> None:
    """Let kombu wait with it from now on; the broker must not be connected yet."""
    redis.poll = GreenPoller  # type: ignore[attr-defined]  # kombu has no types
