"""Rows that every process remembers, and reads anew when a version counter in Redis has moved."""

import logging
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from redis.exceptions import RedisError

from shared import db
from shared.redis import get_redis, key

log = logging.getLogger(__name__)

T = TypeVar("T")
_FRESH_S = 0.5


class Versioned(Generic[T]):
    """This process's copy of some rows; half a second old at most.

    Args:
        name: Of the counter.
        read: Reads the rows; called inside a transaction.
    """

    def __init__(self, name: str, read: Callable[[], list[T]]) -> None:
        self._name, self._read = name, read
        self.forget()

    def forget(self) -> None:
        """Make the next reader look for changes."""
        self._rows: list[T] = []
        self._version: bytes | None = b"unread"
        self._checked_at = -_FRESH_S

    def rows(self) -> list[T]:
        """Give the rows; older ones while Redis is away."""
        now = time.monotonic()
        if now - self._checked_at > _FRESH_S:
            # Also when Redis is away: whoever asks may hold a transaction open.
            self._checked_at = now
            try:
                version = get_redis().get(key(self._name, "version"))
            except RedisError:
                return self._rows
            if version != self._version:
                with db.reading():
                    self._rows = self._read()
                self._version = version
        return self._rows

    def changed(self) -> None:
        """Let all processes read the rows anew, once the surrounding transaction is durable."""
        db.after_commit(self._tell)

    def _tell(self) -> None:
        self.forget()
        try:
            get_redis().incr(key(self._name, "version"))
        except RedisError as error:
            log.warning("other processes hear later of changed %s: %s", self._name, error)
