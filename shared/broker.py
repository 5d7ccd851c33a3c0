"""Waking workers up: Celery's own message, written by hand. Which job a woken worker begins is
decided by `rotation`.

Celery builds a message anew for every call, which costs the web tier more than all its other work
on a chat (measured: 0.6 ms of 2.5 ms), and needs Celery in every web process (11 MB). Ours holds
what its workers read and nothing more. For a broker other than Redis, Celery sends it itself.

Source: https://docs.celeryq.dev/en/stable/internals/protocol.html (version 2), and kombu's virtual
transport for the envelope.
"""

from functools import lru_cache
from typing import Any

import orjson

from shared import rotation
from shared.config.settings import get_settings
from shared.errors import Unavailable
from shared.kinds.base import INTERACTIVE
from shared.redis import get_redis
from shared.rotation import Turn

# Celery's own arguments of a task behind ours: there is nothing to be called afterwards.
_EMBEDDED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
# Whether the job of a message stands in line: see `rotation.enter`.
_IN_LINE, _NOT_IN_LINE = b'"in_line":true', b'"in_line":false'


@lru_cache(maxsize=1)
def celery() -> Any:
    """Give the Celery application; only workers, and web processes without Redis, load it."""
    from celery import Celery  # noqa: PLC0415 -- see above

    app = Celery("switchyard")
    app.config_from_object("celeryconfig")
    return app


def queue_key(queue: str) -> str:
    """Name the Redis list in which the messages of a queue wait."""
    return f"{get_settings().redis_prefix}:broker:{queue}"


def ring(job_id: str, kind: str, queue: str, user_id: str | None) -> None:
    """Put a job in line among its user's, and send the message that wakes a worker.

    Raises:
        Unavailable, redis.exceptions.RedisError: The broker is away.
    """
    is_ours = get_settings().has_redis_broker
    message = _message(job_id, kind, queue) if is_ours else b""
    # Not the long jobs of other queues: they look into the line for somebody to give way to.
    straight = message.replace(_IN_LINE, _NOT_IN_LINE, 1) if queue == INTERACTIVE else b""
    rotation.enter(queue, user_id, Turn(job_id, kind), queue_key(queue), message, straight)
    if not is_ours:
        _send_by_celery(job_id, kind, queue)


def straight_job(queue: str) -> str | None:
    """Tell which job waits for a worker without standing in line, if there is one.

    Raises:
        redis.exceptions.RedisError: The broker is away.
    """
    # It was sent when nobody waited, so no message is older.
    oldest = get_redis().lindex(queue_key(queue), -1)
    if oldest is None or _NOT_IN_LINE not in oldest:
        return None
    job_id: str = orjson.loads(oldest)["headers"]["id"]
    return job_id


def _send_by_celery(job_id: str, kind: str, queue: str) -> None:
    from kombu.exceptions import OperationalError  # noqa: PLC0415 -- loaded with Celery

    try:
        celery().send_task(kind, (job_id,), task_id=job_id, queue=queue, retry=False)
    except OperationalError as error:
        raise Unavailable("The broker is not available right now.") from error


def _message(job_id: str, kind: str, queue: str) -> bytes:
    return orjson.dumps(
        {
            "body": orjson.dumps([[job_id], {}, _EMBEDDED]).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {
                "lang": "py",
                "task": kind,
                "id": job_id,
                "root_id": job_id,
                "argsrepr": f"('{job_id}',)",
                "kwargsrepr": "{}",
                "ignore_result": True,
                "in_line": True,
            },
            "properties": {
                "correlation_id": job_id,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "delivery_tag": job_id,
            },
        }
    )
