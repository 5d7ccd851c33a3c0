"""The event log of a job: append and publish on one side, replay on the other.

An event is stored as `{"type": …, "attempt": …, "data": …}` in a Redis list; its `seq` is its place
in the list, from 1, so that a number can neither be missing nor double. See docs/events.md.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson
from redis.exceptions import RedisError

from shared.config.settings import get_settings
from shared.redis import get_redis, job_key, key

log = logging.getLogger(__name__)

ENDINGS = ("completed", "failed", "cancelled")
_ENDING_PREFIXES = tuple(b'{"type":"%b"' % name.encode() for name in ENDINGS)
# While a job runs its log outlives the longest answer; when it has ended JOB_LOG_TTL_S counts.
RUNNING_TTL_S = 86_400
# The fence of an ended log: no attempt is as new.
_END = 1_000_000_000

# No log grows as long; what lies above, neither Redis nor a client's parser may know exactly.
MAX_CURSOR = 2**53

FENCED, LOST, FULL = -1, -2, -3
OPENING, UNORDERED = -1, -2

# KEYS: log, fence, channel, count of events from outside. ARGV: attempt, expected length (OPENING:
# first append of this attempt, UNORDERED: from outside, whatever the length is), "1" for the end,
# lifetime after the end, longest log, events…
# A repeated call (its answer was lost) appends only what is missing, so every event is there once.
# An attempt counts its own events: what others have added meanwhile must not pass for a part of it.
APPEND = f"""
local known = redis.call('MGET', KEYS[2], KEYS[4])
local current = tonumber(known[1] or '-1')
local attempt, expected = tonumber(ARGV[1]), tonumber(ARGV[2])
if current > attempt then return {FENCED} end
local length = redis.call('LLEN', KEYS[1])
local others = length > 0 and tonumber(known[2] or '0') or 0
local first = 6
if expected >= 0 then
  if length - others < expected then return {LOST} end
  first = 6 + length - others - expected
elseif expected == {OPENING} and current == attempt then
  return length - others
end
if length >= tonumber(ARGV[5]) and ARGV[3] ~= '1' then return {FULL} end
if expected == {OPENING} then
  redis.call('SET', KEYS[2], attempt, 'EX', {RUNNING_TTL_S})
end
local grown = length
if first <= #ARGV then
  grown = redis.call('RPUSH', KEYS[1], unpack(ARGV, first))
  redis.call('PUBLISH', KEYS[3], (length + 1) .. '\\n' .. table.concat(ARGV, '\\n', first))
end
if expected == {UNORDERED} then
  others = others + #ARGV - 5
  redis.call('SET', KEYS[4], others, 'EX', {RUNNING_TTL_S})
end
if ARGV[3] == '1' then
  redis.call('SET', KEYS[2], {_END}, 'EX', ARGV[4])
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  redis.call('EXPIRE', KEYS[4], ARGV[4])
elseif length == 0 then
  redis.call('EXPIRE', KEYS[1], {RUNNING_TTL_S})
end
return grown - others
"""


def encode(kind: str, attempt: int, data: dict[str, Any]) -> bytes:
    """Write an event as it is stored; `type` comes first, so that an ending is seen without
    parsing.
    """
    return b'{"type":"%b","attempt":%d,"data":%b}' % (kind.encode(), attempt, orjson.dumps(data))


def numbered(seq: int, event: bytes) -> bytes:
    """Write an event as readers get it, with its number."""
    return b'{"seq":%d,%b' % (seq, event[1:])


def is_ending(event: bytes) -> bool:
    """Whether this stored event is the last one of its job."""
    return event.startswith(_ENDING_PREFIXES)


def channel(job_id: str) -> str:
    """Name the channel on which a job's events are published."""
    return job_key(job_id, "events")


def append_keys(job_id: str) -> tuple[Any, ...]:
    """Build the first arguments of APPEND, the same for all of a job: count of keys, keys."""
    keys = job_key(job_id, "log"), job_key(job_id, "fence"), channel(job_id)
    return (4, *keys, job_key(job_id, "others"))


def append_values(
    attempt: int, expected: int, ends: bool, events: Iterable[bytes]
) -> tuple[Any, ...]:
    """Build the arguments of APPEND behind its keys."""
    settings = get_settings()
    limits = (settings.job_log_ttl_s, settings.job_log_max_events)
    return (attempt, expected, int(ends), *limits, *events)


def append(job_id: str, attempt: int, kind: str, data: dict[str, Any]) -> bool:
    """Append one event now, from outside the attempt that writes (queue position, early cancel).

    Returns:
        False when a newer attempt writes or the log has ended.
    """
    values = append_values(attempt, UNORDERED, kind in ENDINGS, [encode(kind, attempt, data)])
    return int(get_redis().eval(APPEND, *append_keys(job_id), *values)) >= 0


def close(job_id: str, events: list[bytes]) -> bool:
    """Append the last events of a job in place of its worker, which is gone; no attempt writes any
    more afterwards.

    Args:
        events: The last of them is the ending.

    Returns:
        False when the log has ended already.
    """
    values = append_values(_END - 1, UNORDERED, True, events)
    return int(get_redis().eval(APPEND, *append_keys(job_id), *values)) >= 0


def replay(job_id: str, after: int, limit: int = 5000) -> list[bytes]:
    """Read stored events.

    Args:
        after: Number of the last event that the reader has, 0 for none.
        limit: At most this many.

    Returns:
        The events from number `after + 1` on; empty when there are none or the log has expired.
    """
    events: list[bytes] = get_redis().lrange(job_key(job_id, "log"), after, after + limit - 1)
    return events


def replay_many(cursors: Mapping[str, int], limit: int) -> dict[str, list[bytes]]:
    """Read stored events of several jobs in one round trip; see `replay`.

    Args:
        cursors: Jobs, each with the number of the last event that the reader has; a negative one
            asks for so many of the newest.
    """
    with get_redis().pipeline(transaction=False) as pipe:
        for job_id, after in cursors.items():
            last = -1 if after < 0 else after + limit - 1
            pipe.lrange(job_key(job_id, "log"), after, last)
        return dict(zip(cursors, pipe.execute(), strict=True))


def lengths(job_ids: Collection[str]) -> dict[str, int]:
    """Count the events of several jobs in one round trip; see `length`."""
    with get_redis().pipeline(transaction=False) as pipe:
        for job_id in job_ids:
            pipe.llen(job_key(job_id, "log"))
        return dict(zip(job_ids, pipe.execute(), strict=True))


def length(job_id: str) -> int:
    """Count the events of a job; 0 also when the log has expired."""
    return int(get_redis().llen(job_key(job_id, "log")))


def parse_frame(frame: bytes) -> tuple[int, list[bytes]]:
    """Take a published frame apart.

    Returns:
        The number of its first event, and the events.
    """
    first, _, rest = frame.partition(b"\n")
    return int(first), rest.split(b"\n")


def control_channel() -> str:
    """Name the channel on which workers hear of cancelled jobs."""
    return key("control")


def tell_workers_to_cancel(job_id: str) -> None:
    """Reach the worker that runs this job, wherever it is."""
    get_redis().publish(control_channel(), b"cancel " + job_id.encode())


def user_channel(user_id: str) -> str:
    """Name the channel on which web processes hear what concerns one user."""
    return key("user", user_id)


def tell_user(user_id: str, kind: str, data: dict[str, Any]) -> None:
    """Tell every web process that serves this user; nothing is kept."""
    get_redis().publish(user_channel(user_id), orjson.dumps({"type": kind, "data": data}))


def tell_users(user_ids: Collection[str], kind: str, data: dict[str, Any]) -> None:
    """Tell every web process that serves one of these users, in one round trip."""
    packed = orjson.dumps({"type": kind, "data": data})
    with get_redis().pipeline(transaction=False) as pipe:
        for user_id in user_ids:
            pipe.publish(user_channel(user_id), packed)
        pipe.execute()


def rooms_channel() -> str:
    """Name the channel on which web processes hear what happens in the rooms of users."""
    return key("rooms")


def tell_rooms(kind: str, data: dict[str, Any]) -> None:
    """Tell every web process what happens in a room; nothing is kept, and while Redis is away
    nobody hears.
    """
    try:
        get_redis().publish(rooms_channel(), orjson.dumps({"type": kind, "data": data}))
    except RedisError as error:
        log.warning("what happens in a room is not heard, Redis is away: %s", error)
