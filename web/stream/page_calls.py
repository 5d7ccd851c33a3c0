"""The web tier's side of `shared.page_calls`: hands a question to a socket, and its answer back."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError

from shared import page_calls

log = logging.getLogger(__name__)

# Sends an event to a socket and calls back with what its page acknowledges.
Emit = Callable[[Callable[..., None]], None]


def hand_over(call_id: str, emit: Emit) -> None:
    """Ask a page that is connected here; its answer is passed on whenever it comes. Blocks for a
    round trip to Redis.
    """

    def answered(*said: Any) -> None:
        _tell(page_calls.answer, call_id, said[0] if said else None)

    _tell(page_calls.take, call_id)
    emit(answered)


def hand_over_aside(call_id: str, emit: Emit) -> None:
    """Do the same in a thread of its own, for callers that must not block."""
    threading.Thread(target=hand_over, args=(call_id, emit), daemon=True).start()


def _tell(tell: Callable[..., None], *what: Any) -> None:
    try:
        tell(*what)
    except (RedisError, TypeError) as error:
        log.warning("a page's answer is lost: %s", error)
