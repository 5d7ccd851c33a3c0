"""Tells the log of something that has to wait for another part of the system, once each time."""

import logging
import time


class Outage:
    """What one thread tries again and again while Redis or the database is away.

    Args:
        log: Where it is told.
        what: Begins the sentence, such as "writing the event log".
    """

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log = log
        self._what = what
        self._since: float | None = None

    def goes_on(self, error: Exception) -> None:
        """Note a failure; only the first of several in a row is news."""
        if self._since is None:
            self._since = time.monotonic()
            self._log.warning("%s has to wait: %s", self._what, error)

    def is_over(self) -> None:
        """Note that it works, which is news after a failure."""
        if self._since is not None:
            seconds, self._since = time.monotonic() - self._since, None
            self._log.info("%s goes on after %.1f s", self._what, seconds)
