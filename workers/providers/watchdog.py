"""Deadlines for many waiting reads at the price of one.

A timer per read costs a third of the read itself under gevent, so reads wait without one, and a
single thread (a greenlet under gevent) looks after all of them.
"""

import threading
from collections.abc import Callable
from time import monotonic

_NEVER = float("inf")
_LONGEST_NAP_S = 1.0
_SHORTEST_NAP_S = 0.01


def _nothing() -> None:
    """End what has ended already."""


class Watch:
    """One exchange under a deadline, and a shorter one whenever it waits.

    Attributes:
        since: When the present wait began, on the monotonic clock; infinite between waits.
        patience_s: How long a wait may last.
        is_late: It took too long and was ended.
    """

    __slots__ = ("_deadline", "_end", "is_late", "patience_s", "since")

    def __init__(self, patience_s: float, total_s: float, end: Callable[[], None]) -> None:
        self.since = _NEVER
        self.patience_s = patience_s
        self.is_late = False
        self._deadline = monotonic() + total_s
        self._end = end

    def release(self) -> None:
        """Forget how to end what is over; whoever holds the watch may be held by that."""
        self._end = _nothing

    def left_s(self, now: float) -> float:
        """Tell how long it may wait on; ends it when time is up."""
        # Between waits `since` is infinite; but its whole time may be up in the middle of a flood.
        left = min(self.since + self.patience_s, self._deadline, now + self.patience_s) - now
        if left <= 0 and not self.is_late:
            self.is_late = True
            self._end()
        return left if left > 0 else _NEVER


class Watchdog:
    """Looks after watches while there are any."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_running = False

    def add(self, watch: Watch) -> None:
        """Look after an exchange until it is discarded."""
        with self._lock:
            self._watches.add(watch)
            is_first, self._is_running = not self._is_running, True
        if is_first:
            threading.Thread(target=self._run, daemon=True, name="watchdog").start()
        elif watch.patience_s < _LONGEST_NAP_S:
            self._wake.set()

    def discard(self, watch: Watch) -> None:
        """Forget an exchange."""
        with self._lock:
            self._watches.discard(watch)
        watch.release()

    def _run(self) -> None:
        while True:
            with self._lock:
                watches = list(self._watches)
                if not watches:
                    self._is_running = False
                    return
            now = monotonic()
            nearest = min(watch.left_s(now) for watch in watches)
            self._wake.wait(min(max(nearest, _SHORTEST_NAP_S), _LONGEST_NAP_S))
            self._wake.clear()
