"""How fast a batch may ask: when a provider wants a pause, all lines keep it."""

import threading
import time
from collections.abc import Callable

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0
# So many answers without a complaint let one more line be asked at a time.
_ANSWERS_PER_STEP = 4


class Gate:
    """Lets so many lines through at a time.

    After a complaint half as many, after a pause; then slowly more again.

    Args:
        most: Lines at a time at best.
        on_pause: Told the seconds of every pause.
    """

    def __init__(self, most: int, on_pause: Callable[[float], None]) -> None:
        self._most = most
        self._on_pause = on_pause
        self._allowed = float(most)
        self._inside = 0
        self._opens_at = 0.0
        self._complaints = 0
        self._changed = threading.Condition()
        self._is_closed = False

    def enter(self) -> bool:
        """Wait until one more may be asked; False when no more are to be asked at all."""
        with self._changed:
            while not self._is_closed:
                wait_s = self._opens_at - time.monotonic()
                if wait_s <= 0 and self._inside < int(self._allowed):
                    self._inside += 1
                    return True
                self._changed.wait(wait_s if wait_s > 0 else None)
            return False

    def leave(self, is_answered: bool) -> None:
        """Make room for the next one."""
        with self._changed:
            self._inside -= 1
            if is_answered:
                self._complaints = 0
                step = 1 / (_ANSWERS_PER_STEP * self._allowed)
                self._allowed = min(float(self._most), self._allowed + step)
            self._changed.notify()

    def pause(self, wanted_s: float | None) -> None:
        """Let nobody in for a while.

        Args:
            wanted_s: As long as the provider wants, if it has told; else longer each time.
        """
        with self._changed:
            now = time.monotonic()
            if now < self._opens_at:
                # Those that were under way complain of the same thing.
                self._opens_at = max(self._opens_at, now + (wanted_s or 0))
                return
            pause_s = wanted_s or min(_FIRST_PAUSE_S * 2**self._complaints, _LONGEST_PAUSE_S)
            self._complaints += 1
            self._allowed = max(1.0, self._allowed / 2)
            self._opens_at = now + pause_s
            self._changed.notify_all()
        self._on_pause(pause_s)

    def rest(self, seconds: float) -> None:
        """Wait before one line is asked again, but no longer than until the end."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not self._is_closed and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def close(self) -> None:
        """Let nobody in any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
