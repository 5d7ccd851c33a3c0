"""Meters: how much of each quota is used, counted in Redis.

What is used within a time is a number per window; windows begin at whole multiples of their length
since the epoch. What runs at a time is a set of jobs with the moments at which they were accepted.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from shared.redis import get_redis, key

_RUNNING_TTL_S = 7 * 86_400
# A window's number is kept a little longer, for what is settled after its end.
_LEEWAY_S = 60

# KEYS: one per meter. ARGV: now, job, then for each meter: amount wanted (0: it counts jobs that
# run), limit, seconds until it is forgotten. Takes from all or from none.
# Gives how much is left of each, or -place of the first that has not enough, and what it has.
_TAKE = """
local left = {}
for i, name in ipairs(KEYS) do
  local wanted, limit = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local used
  if wanted == 0 then used, wanted = redis.call('ZCARD', name), 1
  else used = tonumber(redis.call('GET', name) or '0') end
  left[i] = limit - used - wanted
  if left[i] < 0 then return {-i, math.max(limit - used, 0)} end
end
for i, name in ipairs(KEYS) do
  local wanted = tonumber(ARGV[3 * i])
  if wanted == 0 then redis.call('ZADD', name, ARGV[1], ARGV[2])
  else redis.call('INCRBY', name, wanted) end
  redis.call('EXPIRE', name, ARGV[3 * i + 2])
end
return left
"""


@dataclass(frozen=True)
class Meter:
    """One counter with its limit.

    Attributes:
        name: Its Redis key.
        measure: What it counts, for whoever is told what is left.
        limit: So much may be used.
        wanted: So much is asked for; at a meter of running jobs it is one.
        reset_s: Seconds until it begins anew; None at a meter of running jobs.
    """

    name: str
    measure: str
    limit: int
    wanted: int
    reset_s: float | None


@dataclass(frozen=True)
class Left:
    """What a taking has left.

    Attributes:
        meter: Where.
        amount: How much may still be used.
        is_enough: Whether what was wanted was taken.
    """

    meter: Meter
    amount: int
    is_enough: bool = True


@lru_cache(maxsize=1)
def _script() -> Any:
    return get_redis().register_script(_TAKE)


def windowed(quota_id: str, whose: str, measure: str, limit: int, window_s: int) -> Meter:
    """Make the meter of the window that is now."""
    number, passed = divmod(time.time(), window_s)
    name = key("quota", quota_id, whose, str(int(number)))
    return Meter(name, measure, limit, 1, window_s - passed)


def running(quota_id: str, whose: str, measure: str, limit: int) -> Meter:
    """Make a meter of jobs that have not ended."""
    return Meter(key("quota", quota_id, whose, "running"), measure, limit, 0, None)


def take(meters: list[Meter], job_id: str) -> list[Left]:
    """Take what is wanted from all meters, or from none.

    Returns:
        What is left of each; or only of the first one that has not enough.
    """
    values: list[Any] = [time.time(), job_id]
    for meter in meters:
        ttl_s = _RUNNING_TTL_S if meter.reset_s is None else int(meter.reset_s) + _LEEWAY_S
        values += (meter.wanted, meter.limit, ttl_s)
    found = _script()([meter.name for meter in meters], values, client=get_redis())
    if found[0] < 0:
        return [Left(meters[-found[0] - 1], found[1], is_enough=False)]
    return [Left(meter, amount) for meter, amount in zip(meters, found, strict=True)]


def jobs_in(meter: Meter, accepted_before: float) -> list[str]:
    """List the jobs that a meter takes to be running, accepted before a moment."""
    found = get_redis().zrange(meter.name, "-inf", accepted_before, byscore=True)
    return [job_id.decode() for job_id in found]


def forget_jobs(name: str, job_ids: list[str]) -> None:
    """Take jobs out of a meter."""
    if job_ids:
        get_redis().zrem(name, *job_ids)


def correct(name: str, amount: int) -> None:
    """Add to what a window has counted, or take from it; a window that is over stays so."""
    if amount and get_redis().exists(name):
        get_redis().incrby(name, amount)


def add(meter: Meter, amount: int) -> None:
    """Count what nobody had asked for before, whatever the limit is."""
    pipe = get_redis().pipeline()
    pipe.incrby(meter.name, amount)
    pipe.expire(meter.name, int(meter.reset_s or 0) + _LEEWAY_S)
    pipe.execute()
