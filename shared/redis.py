"""Connections to Redis or Valkey, one pool per process."""

from functools import lru_cache
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from shared.config.settings import get_settings

# A call takes well under a millisecond: in a burst callers wait for one of these, which is cheaper
# than opening hundreds of connections at once. The long waits have connections of their own.
_MAX_CONNECTIONS, _POOL_PATIENCE_S = 32, 10
# Each connection keeps a buffer of this size; redis-py's 64 KB would make 2 MB of a process.
_READ_BYTES = 8192


@lru_cache(maxsize=1)
def get_redis() -> Any:
    """Give this process's client; answers are bytes, a lost connection is opened anew on use."""
    pool = redis.BlockingConnectionPool.from_url(
        get_settings().redis_url or "redis://127.0.0.1:6379/0",
        max_connections=_MAX_CONNECTIONS,
        timeout=_POOL_PATIENCE_S,
        socket_connect_timeout=2,
        socket_timeout=10,
        health_check_interval=15,
        socket_read_size=_READ_BYTES,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 2),
    )
    return redis.Redis(connection_pool=pool)


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
