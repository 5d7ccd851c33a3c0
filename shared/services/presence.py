"""Who is connected, and which models are in use, over all web processes; known to Redis alone.

A process says again and again that its users are there: those of a process that has died are
forgotten by themselves.
"""

import time
from collections.abc import Iterable

from shared.redis import get_redis, key

# A process that has not said for so long that a user is there has died.
LASTS_S = 45.0
# Source: contract, chat-flow §5 ("usage").
IN_USE_S = 3.0


def arrive(process: str, user_ids: Iterable[str]) -> None:
    """Say that users are connected to a process; holds for LASTS_S."""
    until = time.time() + LASTS_S
    if here := {f"{process} {user_id}": until for user_id in user_ids}:
        get_redis().zadd(key("present"), here)


def leave(process: str, user_id: str) -> None:
    """Say that a user is connected to a process no more."""
    get_redis().zrem(key("present"), f"{process} {user_id}")


def users() -> list[str]:
    """List who is connected, anywhere."""
    found = _standing("present")
    return sorted({member.partition(" ")[2] for member in found})


def use(model: str) -> None:
    """Note that a page waits for a model; holds for IN_USE_S."""
    get_redis().zadd(key("models-in-use"), {model: time.time() + IN_USE_S})


def models() -> list[str]:
    """List the models that pages wait for."""
    return sorted(_standing("models-in-use"))


def _standing(name: str) -> list[str]:
    with get_redis().pipeline(transaction=False) as pipe:
        pipe.zremrangebyscore(key(name), 0, time.time())
        pipe.zrange(key(name), 0, -1)
        _, members = pipe.execute()
    return [member.decode() for member in members]
