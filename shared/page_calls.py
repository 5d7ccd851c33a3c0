"""Asking an open page something from a worker: the question goes to the web processes of the page's
user, the answer comes back on a channel of its own. Nothing is kept.
"""

from typing import Any

import orjson

from shared import relay
from shared.redis import get_redis, key


def channel(call_id: str) -> str:
    """Name the channel on which the answer to a call is published."""
    return key("call", call_id)


def ask(user_id: str, session_id: str, call_id: str, event: dict[str, Any]) -> None:
    """Let the process that has a page's socket hand it an event that is to be answered.

    Args:
        user_id: Whose page it has to be.
        session_id: The page's socket.
        event: `{"chat_id", "message_id", "data": {"type", "data"}}`.
    """
    relay.tell_user(user_id, "call", {"id": call_id, "session_id": session_id, "event": event})


def take(call_id: str) -> None:
    """Tell the asker that the page is connected, and was asked."""
    get_redis().publish(channel(call_id), b"taken")


def answer(call_id: str, said: Any) -> None:
    """Hand what a page has answered to whoever asked."""
    get_redis().publish(channel(call_id), orjson.dumps({"answer": said}))
