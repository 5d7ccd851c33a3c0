"""What answers that are still being written have so far, read from their event logs."""

from collections.abc import Sequence

import orjson
from redis.exceptions import RedisError

from shared import db, queue, relay
from shared.kinds.inference import RUN_CHAT
from shared.models.chat import Chat
from shared.services.answers import Answer
from shared.services.messages import Message

_AT_ONCE = 5000
_CHANGES = tuple(
    b'{"type":"%b"' % kind for kind in (b"delta", b"tool_call", b"code", b"replace", b"restarted")
)


def so_far(job_id: str) -> Answer:
    """Put together what a job has produced up to now; of a restarted job only its last attempt."""
    answer, seen = Answer(), 0
    while events := relay.replay(job_id, seen, _AT_ONCE):
        seen += len(events)
        for event in events:
            if event.startswith(_CHANGES):
                told = orjson.loads(event)
                answer.take(told["type"], told["data"])
    return answer


def of_messages(rows: Sequence[Message]) -> dict[str, str]:
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


def tell_pages(chat: Chat, rows: Sequence[Message]) -> None:
    """Let the open pages of a chat's owner have its running answers as a whole.

    Called when the chat was read: whoever read it shows what there was at that moment, and may have
    missed what came before it listened.
    """
    running = [(row, row.job_id) for row in rows if row.is_running and row.job_id]
    if running:
        with db.reading():
            for row, job_id in running:
                queue.announce(job_id, RUN_CHAT, chat.user_id, chat.id, row.id, row.content)
