"""A cache with one interface: in memory where one process is alone, in Redis where many share it.

What is cached may vanish at any time; nothing but speed, or a counter's fairness, depends on it.
"""

import threading
import time
from functools import lru_cache
from typing import Protocol

from shared.config.settings import get_settings
from shared.redis import get_redis, key


class Cache(Protocol):
    """What a cache can do. Keys are texts, values bytes, lifetimes seconds."""

    def get(self, name: str) -> bytes | None:
        """Give a value; None when it is not there or has expired."""

    def set(self, name: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for a while, in place of an older one."""

    def delete(self, name: str) -> None:
        """Forget a value, if it is there."""

    def increment(self, name: str, ttl_s: float) -> int:
        """Count up from 0; the lifetime runs from the first call. Give the new count."""

    def adjust(self, name: str, by: int, ttl_s: float) -> int:
        """Add to a number that begins with 0; the lifetime runs from the last call. Give the new
        number.
        """

    def ttl_s(self, name: str) -> float:
        """Give how long a value will be kept, in seconds; 0 when it is not there."""


# What is not there has expired long ago.
_NEVER = (b"", 0.0)


class MemoryCache:
    """Keeps values in this process; beyond `limit` the oldest go first."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._values: dict[str, tuple[bytes, float]] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """See `Cache`."""
        found = self._values.get(name)
        return found[0] if found is not None and found[1] > time.monotonic() else None

    def set(self, name: str, value: bytes, ttl_s: float) -> None:
        """See `Cache`."""
        with self._lock:
            self._values.pop(name, None)
            self._values[name] = (value, time.monotonic() + ttl_s)
            while len(self._values) > self._limit:
                del self._values[next(iter(self._values))]

    def delete(self, name: str) -> None:
        """See `Cache`."""
        self._values.pop(name, None)

    def increment(self, name: str, ttl_s: float) -> int:
        """See `Cache`."""
        with self._lock:
            return self._add(name, 1, self._values.get(name, _NEVER)[1], ttl_s)

    def adjust(self, name: str, by: int, ttl_s: float) -> int:
        """See `Cache`."""
        with self._lock:
            return self._add(name, by, time.monotonic() + ttl_s, ttl_s)

    def _add(self, name: str, by: int, until: float, ttl_s: float) -> int:
        value, now = int(self.get(name) or 0) + by, time.monotonic()
        self._values[name] = (b"%d" % value, until if until > now else now + ttl_s)
        return value

    def ttl_s(self, name: str) -> float:
        """See `Cache`."""
        found = self._values.get(name)
        return max(0.0, found[1] - time.monotonic()) if found is not None else 0.0


class RedisCache:
    """Keeps values where all processes see them."""

    def get(self, name: str) -> bytes | None:
        """See `Cache`."""
        found: bytes | None = get_redis().get(key("cache", name))
        return found

    def set(self, name: str, value: bytes, ttl_s: float) -> None:
        """See `Cache`."""
        get_redis().set(key("cache", name), value, px=max(1, int(ttl_s * 1000)))

    def delete(self, name: str) -> None:
        """See `Cache`."""
        get_redis().delete(key("cache", name))

    def increment(self, name: str, ttl_s: float) -> int:
        """See `Cache`."""
        pipe = get_redis().pipeline()
        pipe.incr(key("cache", name))
        pipe.pexpire(key("cache", name), max(1, int(ttl_s * 1000)), nx=True)
        return int(pipe.execute()[0])

    def adjust(self, name: str, by: int, ttl_s: float) -> int:
        """See `Cache`."""
        pipe = get_redis().pipeline()
        pipe.incrby(key("cache", name), by)
        pipe.pexpire(key("cache", name), max(1, int(ttl_s * 1000)))
        return int(pipe.execute()[0])

    def ttl_s(self, name: str) -> float:
        """See `Cache`."""
        return max(0.0, int(get_redis().pttl(key("cache", name))) / 1000)


@lru_cache(maxsize=1)
def get_cache() -> Cache:
    """Give the cache that the setting CACHE names."""
    return MemoryCache() if get_settings().cache == "memory" else RedisCache()
