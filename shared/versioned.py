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
_UNREAD = b"unread"


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
        self._version: bytes | None = _UNREAD
        self._checked_at = -_FRESH_S

    def rows(self) -> list[T]:
        """Give the rows; those that were read before while Redis is away."""
        if time.monotonic() - self._checked_at > _FRESH_S:
            if self._version != _UNREAD:
                # Whoever comes while this one looks is served what was read before.
                self._checked_at = time.monotonic()
            version = self._newest_version()
            if version != self._version or version == _UNREAD:
                with db.reading():
                    self._rows = self._read()
                self._version = version
            # Not before: whoever comes meanwhile must not take what was never read for nothing.
            self._checked_at = time.monotonic()
        return self._rows

    def _newest_version(self) -> bytes | None:
        try:
            version: bytes | None = get_redis().get(key(self._name, "version"))
        except RedisError:
            return self._version
        return version

    def changed(self) -> None:
        """Let all processes read the rows anew, once the surrounding transaction is durable."""
        db.after_commit(self._tell)

    def _tell(self) -> None:
        self.forget()
        try:
            get_redis().incr(key(self._name, "version"))
        except RedisError as error:
            log.warning("other processes hear later of changed %s: %s", self._name, error)
