"""What answers that are still being written have so far, read from their event logs."""

import orjson
from redis.exceptions import RedisError

from shared import relay
from shared.models.chat import ChatMessage
from shared.services.answers import Answer

_AT_ONCE = 5000


def so_far(job_id: str) -> Answer:
    """Put together what a job has produced up to now; of a restarted job only its last attempt."""
    answer, seen = Answer(), 0
    while events := relay.replay(job_id, seen, _AT_ONCE):
        seen += len(events)
        for event in events:
            if event.startswith(b'{"type":"delta"'):
                answer.add(orjson.loads(event)["data"])
            elif event.startswith(b'{"type":"restarted"'):
                answer = Answer()
    return answer


def of_messages(rows: list[ChatMessage]) -> dict[str, str]:
    """Read the running answers among some messages: message id → content so far.

    Without Redis there are none; what is stored is shown instead.
    """
    running = [(row, row.job_id) for row in rows if row.is_running and row.job_id]
    try:
        return {
            row.id: row.content + so_far(job_id).content(is_done=False) for row, job_id in running
        }
    except RedisError:
        return {}
