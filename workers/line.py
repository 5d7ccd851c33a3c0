"""Whose jobs wait in line: known to every worker, so that most ends of jobs ask no database."""

import time

import orjson

from shared import relay
from shared.leases import Claim
from shared.places import Waiting
from shared.redis import get_redis

# Waiting jobs are sent again by the sweeper after as long, and tell of themselves once more.
_REMEMBERED_S = 60.0
_PREFIX = b"waiting "

_waiting: dict[str, float] = {}


def tell(waiting: Waiting) -> None:
    """Tell all workers that a job waits for others of its user or its model."""
    get_redis().publish(relay.control_channel(), _PREFIX + orjson.dumps(waiting.behind))


def hear(message: bytes) -> None:
    """Take what another worker, or this one, has told."""
    if message.startswith(_PREFIX):
        _waiting[orjson.loads(message[len(_PREFIX) :])] = time.monotonic() + _REMEMBERED_S


def has_waiting(ended: Claim) -> bool:
    """Whether somebody may wait for the place of a job that has ended."""
    now = time.monotonic()
    names = (ended.user_id or "", ended.model or "")
    return any(_waiting.get(name, 0.0) > now for name in names)
