"""Connections to Redis or Valkey, one pool per process."""

import os
from contextlib import suppress
from functools import lru_cache
from time import monotonic
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from shared.config import sentinels
from shared.config.settings import get_settings
from shared.primary import primary_options

# A call takes well under a millisecond: in a burst callers wait for one of these, which is cheaper
# than opening hundreds of connections at once. The long waits have connections of their own.
_MAX_CONNECTIONS, _POOL_PATIENCE_S = 16, 10
# Each connection keeps a buffer of this size; redis-py's 64 KB would make 2 MB of a process.
_READ_BYTES = 8192
# So many connections are kept at hand, and used without a question when they were used just now.
_AT_HAND, _JUST_NOW_S = 8, 5.0


class _Client(redis.Redis):
    """The library's client, with a shorter way for single commands.

    Its own asks the system before each of them whether the connection still stands, and measures
    for monitors that nobody has here: three quarters of the cost of a call. On the shorter way a
    lost connection shows when it is used; then the library's own way is gone.
    """

    def __init__(self, pool: redis.ConnectionPool) -> None:
        super().__init__(connection_pool=pool)
        self._at_hand: list[tuple[Any, float]] = []

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run one command; see redis-py."""
        connection = self._take()
        try:
            connection.send_packed_command(connection.pack_command(*args), check_health=False)
            answer = self.parse_response(connection, args[0], **options)  # type: ignore[no-untyped-call]  # redis-py has not all types
        except redis.ResponseError:
            self._keep(connection)
            raise
        except (redis.ConnectionError, redis.TimeoutError):
            self.connection_pool.release(connection)
        except BaseException:
            connection.disconnect()  # half of an answer may be left in it
            self.connection_pool.release(connection)
            raise
        else:
            self._keep(connection)
            return answer
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # as above

    def _take(self) -> Any:
        with suppress(IndexError):  # when none is left
            while True:
                connection, used_at = self._at_hand.pop()
                if monotonic() - used_at < _JUST_NOW_S:
                    return connection
                self.connection_pool.release(connection)
        return self.connection_pool.get_connection()

    def _keep(self, connection: Any) -> None:
        if len(self._at_hand) < _AT_HAND:
            self._at_hand.append((connection, monotonic()))
        else:
            self.connection_pool.release(connection)


@lru_cache(maxsize=1)
def get_redis() -> Any:
    """Give this process's client; answers are bytes, a lost connection is opened anew on use."""
    pool = pool_of(
        get_settings().redis_url or "redis://127.0.0.1:6379/0",
        max_connections=_MAX_CONNECTIONS,
        timeout=_POOL_PATIENCE_S,
        socket_connect_timeout=2,
        socket_timeout=10,
        health_check_interval=15,
        socket_read_size=_READ_BYTES,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 2),
    )
    return _Client(pool)


def pool_of(url: str, **options: Any) -> redis.ConnectionPool:
    """Make a pool of connections to a server, or to the one that Sentinels name.

    Args:
        url: In the form of REDIS_URL.
        options: Those of redis-py.
    """
    asked = sentinels.parse(url)
    if asked is None:
        return redis.BlockingConnectionPool.from_url(url, **options)
    return redis.BlockingConnectionPool(**primary_options(asked), **options)  # type: ignore[no-untyped-call]  # as above


# A forked process must not speak over its parent's connections.
os.register_at_fork(after_in_child=get_redis.cache_clear)


def is_alive() -> bool:
    """Whether Redis answers now."""
    try:
        return bool(get_redis().ping())
    except redis.RedisError:
        return False


def key(*parts: str) -> str:
    """Name a Redis key of this instance.

    Args:
        parts: Joined by colons behind the instance's prefix.
    """
    return ":".join((get_settings().redis_prefix, *parts))


def job_key(job_id: str, what: str) -> str:
    """Name a key of a job; the hash tag keeps all of a job's keys in one cluster slot."""
    return f"{get_settings().redis_prefix}:{{{job_id}}}:{what}"
