"""Whose job is next: in every queue the users take turns.

A queue's jobs wait in one sorted set per user, oldest first. Of the users who have a job waiting,
the one who was served longest ago is next. A message of the broker only says that there is work;
which job it is for is decided when a worker has room for it, unless nobody waited when it was sent.
See docs/adr/0009-taking-turns.md.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from redis.exceptions import NoScriptError, RedisError

from shared.redis import get_redis, key
from shared.subscriber import subscriber

# What is remembered of users of whom no job waits: enough that nobody gains by coming back.
_MOST_REMEMBERED, _FORGOTTEN_AT_ONCE = 10_000, 1_000
_NOBODY = "-"

# Notes at which turn somebody was served of whom no more jobs wait.
# KEYS: (2) when users were served. Locals: user, turn.
_REMEMBER = f"""
redis.call('ZADD', KEYS[2], turn, user)
if redis.call('ZCARD', KEYS[2]) > {_MOST_REMEMBERED} then
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, {_FORGOTTEN_AT_ONCE - 1})
end
"""
# KEYS: users of whom jobs wait, when users were served, the count of turns, the user's jobs, the
# broker's list. ARGV: user, job, message (empty: another broker has it), and the message of a job
# that goes straight (empty: it may not). A job that waits already waits once.
_ENTER = f"""
if ARGV[4] ~= '' and redis.call('LLEN', KEYS[5]) == 0 and redis.call('EXISTS', KEYS[1]) == 0 then
  local user, turn = ARGV[1], redis.call('INCR', KEYS[3])
  {_REMEMBER}
  return redis.call('LPUSH', KEYS[5], ARGV[4])
end
if redis.call('ZADD', KEYS[4], 'NX', 0, ARGV[2]) == 1 and redis.call('ZCARD', KEYS[4]) == 1 then
  redis.call('ZADD', KEYS[1], redis.call('ZSCORE', KEYS[2], ARGV[1]) or 0, ARGV[1])
end
if ARGV[3] ~= '' then redis.call('LPUSH', KEYS[5], ARGV[3]) end
"""
# KEYS: users of whom jobs wait, when users were served, the count of turns. ARGV: how the key of a
# user's jobs begins.
_TAKE = f"""
while true do
  local user = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
  if not user then return false end
  local jobs = ARGV[1] .. user
  local job = redis.call('ZPOPMIN', jobs)[1]
  local turn = redis.call('INCR', KEYS[3])
  if redis.call('EXISTS', jobs) == 1 then
    redis.call('ZADD', KEYS[1], turn, user)
  else
    redis.call('ZREM', KEYS[1], user)
    {_REMEMBER}
  end
  if job then return job end
end
"""


@dataclass(frozen=True)
class Turn:
    """A job that a worker may begin now."""

    job_id: str
    kind: str


def _key(queue: str, *parts: str) -> str:
    return key("turns", f"{{{queue}}}", *parts)


def _jobs_of(queue: str, user_id: str | None) -> str:
    return _key(queue, "of", user_id or _NOBODY)


def _member(job_id: str, kind: str) -> str:
    # All have the same score, so they sort by their text: ids tell the time.
    return f"{job_id} {kind}"


@lru_cache(maxsize=2)
def _script(text: str) -> Any:
    return get_redis().register_script(text)


def enter(
    queue: str,
    user_id: str | None,
    turn: Turn,
    broker_list: str,
    message: bytes,
    straight: bytes = b"",
) -> None:
    """Put a job in line, and tell a worker that there is work.

    Args:
        broker_list: Redis key of the broker's list for this queue.
        message: What the broker hands to a worker; empty when it is sent by other means.
        straight: What it hands over in its place when nobody waits: then the job does not stand in
            line, and whoever gets this message begins it without asking whose turn it is.

    Raises:
        redis.exceptions.RedisError: Redis is away.
    """
    jobs = _jobs_of(queue, user_id)
    keys = (_key(queue), _key(queue, "served"), _key(queue, "count"), jobs, broker_list)
    values = (user_id or _NOBODY, _member(turn.job_id, turn.kind), message, straight)
    script = _script(_ENTER)
    try:
        subscriber.call("EVALSHA", script.sha, len(keys), *keys, *values)
    except RedisError:
        # Standing in line twice is standing there once, and a message too many leads to nothing.
        script(keys, values, client=get_redis())


def take(queue: str) -> Turn | None:
    """Take the job whose turn it is out of the line; None when nobody waits.

    Raises:
        redis.exceptions.RedisError: Redis is away.
    """
    keys = (_key(queue), _key(queue, "served"), _key(queue, "count"))
    script, prefix = _script(_TAKE), _key(queue, "of", "")
    try:
        found = get_redis().execute_command("EVALSHA", script.sha, len(keys), *keys, prefix)
    except NoScriptError:  # nothing was done
        found = script(keys, (prefix,), client=get_redis())
    return None if found is None else _turn(found)


def do_others_wait(queue: str, user_id: str | None) -> bool:
    """Tell whether a job of another user waits in line.

    Raises:
        redis.exceptions.RedisError: Redis is away.
    """
    first = get_redis().zrange(_key(queue), 0, 1)
    return any(name.decode() != (user_id or _NOBODY) for name in first)


def _turn(member: bytes) -> Turn:
    job_id, _, kind = member.decode().partition(" ")
    return Turn(job_id, kind)


def are_waiting(queue: str, jobs: Collection[tuple[str | None, str, str]]) -> list[bool]:
    """Tell which jobs stand in line.

    Args:
        jobs: User, id and kind of each.
    """
    pipe = get_redis().pipeline(transaction=False)
    for user_id, job_id, kind in jobs:
        pipe.zscore(_jobs_of(queue, user_id), _member(job_id, kind))
    return [score is not None for score in pipe.execute()]


def first_in_line(queue: str, most: int) -> dict[str, int]:
    """Give the first jobs in line with their places, from 1.

    Args:
        most: At most so many users, and so many jobs of each, are looked at.
    """
    users = [name.decode() for name in get_redis().zrange(_key(queue), 0, most - 1)]
    pipe = get_redis().pipeline(transaction=False)
    for user in users:
        pipe.zrange(_key(queue, "of", user), 0, most - 1)
    waiting = [[_turn(member).job_id for member in members] for members in pipe.execute()]
    places: dict[str, int] = {}
    for rank in range(max(map(len, waiting), default=0)):
        for jobs in waiting:
            if rank < len(jobs) and len(places) < most:
                places[jobs[rank]] = len(places) + 1
    return places
