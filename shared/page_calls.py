"""Asking an open page something from a worker: the question goes to the web processes of the page's
user; what comes back stands in a list in Redis until the asker has read it.

Entries of the list, oldest first: `taken` (a web process has the page's socket), `line` (a piece of
a stream), and one of `answer`, `gone` (the page has left) and `flooded` (it says too much).
"""

from typing import Any

import orjson

from shared import relay
from shared.redis import get_redis, key

TAKEN, LINE, ANSWER, GONE, FLOODED = "taken", "line", "answer", "gone", "flooded"
# Longer than anybody waits for an entry.
_TTL_S = 3600

Entry = tuple[str, Any]


def channel(call_id: str) -> str:
    """Name the channel that says that something has come back."""
    return key("call", call_id, "news")


def ask(
    user_id: str, session_id: str, call_id: str, event: dict[str, Any], stream: str = ""
) -> None:
    """Let the process that has a page's socket hand it an event that is to be answered.

    Args:
        user_id: Whose page it has to be.
        session_id: The page's socket.
        event: `{"chat_id", "message_id", "data": {"type", "data"}}`.
        stream: Name of the event under which the page sends more than its answer.
    """
    call = {"id": call_id, "session_id": session_id, "event": event, "stream": stream}
    relay.tell_user(user_id, "call", call)


def tell(call_id: str, *entries: Entry) -> None:
    """Hand what has come back to whoever asked.

    Raises:
        TypeError: It cannot be written as JSON.
    """
    name = key("call", call_id)
    with get_redis().pipeline(transaction=False) as pipe:
        pipe.rpush(name, *(orjson.dumps(entry) for entry in entries))
        pipe.expire(name, _TTL_S)
        pipe.publish(channel(call_id), b"")
        pipe.execute()


def take(call_id: str) -> None:
    """Tell the asker that the page is connected, and was asked."""
    tell(call_id, (TAKEN, None))


def answer(call_id: str, said: Any) -> None:
    """Hand what a page has answered to whoever asked."""
    tell(call_id, (ANSWER, said))


def told(call_id: str, after: int) -> list[Entry]:
    """Read what has come back, from one place on."""
    found = get_redis().lrange(key("call", call_id), after, -1)
    return [(kind, data) for kind, data in map(orjson.loads, found)]


def close(user_id: str, call_id: str) -> None:
    """End a call: whatever still comes back is for nobody."""
    get_redis().delete(key("call", call_id))
    relay.tell_user(user_id, "called", {"id": call_id})
