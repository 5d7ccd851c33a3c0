"""The web tier's side of `shared.page_calls`: hands questions to sockets, and what they say back.

Source: contract, chat-flow §5 (acknowledgements) and §11 (streams of direct connections).
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError

from shared import page_calls
from shared.loose_json import is_too_deep
from shared.page_calls import ANSWER, FLOODED, GONE, LINE, TAKEN, Entry

log = logging.getLogger(__name__)

# A stream of a model is shorter by far.
_MOST_CHARACTERS = 64 * 1024 * 1024
# Sends an event to a socket and calls back with what its page acknowledges.
Emit = Callable[[Callable[..., None]], None]


@dataclass
class _Call:
    """A question that a page has.

    Attributes:
        entries: What has come back and Redis does not have yet.
    """

    id: str
    sid: str
    stream: str
    entries: deque[Entry] = field(default_factory=deque)
    size: int = 0
    is_flushing: bool = False


class PageCalls:
    """Keeps the open questions to the sockets of one process."""

    def __init__(self) -> None:
        self._open: dict[str, _Call] = {}

    def hand_over(self, told: dict[str, Any], emit: Emit) -> None:
        """Ask a page that is connected here; what it says is passed on whenever it comes. Does not
        block.

        Args:
            told: What `shared.page_calls.ask` has said.
        """
        call = self._open[told["id"]] = _Call(told["id"], told["session_id"], told["stream"])
        self._add(call, TAKEN, None)

        def answered(*said: Any) -> None:
            if not call.stream:
                self.close(call.id)
            self._add(call, ANSWER, said[0] if said else None)

        emit(answered)

    def hear(self, sid: str, name: str, data: Any) -> None:
        """Take a piece of a stream; what was not asked for is left alone."""
        for call in self._open.values():
            if call.stream == name and call.sid == sid:
                self._add(call, LINE, data)
                return

    def leave(self, sid: str) -> None:
        """Let those who wait for a socket know that it is gone."""
        for call in [call for call in self._open.values() if call.sid == sid]:
            self.close(call.id)
            self._add(call, GONE, None)

    def close(self, call_id: str) -> None:
        """Forget a question; nobody waits for more."""
        self._open.pop(call_id, None)

    def _add(self, call: _Call, kind: str, data: Any) -> None:
        """Note what has come, in order; a greenlet of its own carries it to Redis, and switches to
        no other between its last look and its end.
        """
        is_text = isinstance(data, str)
        is_deep = not is_text and is_too_deep(data, None)
        call.size += len(data) if is_text else 0 if is_deep else len(str(data))
        if is_deep or call.size > _MOST_CHARACTERS:
            self.close(call.id)
            kind, data = FLOODED, None
        call.entries.append((kind, data))
        if not call.is_flushing:
            call.is_flushing = True
            threading.Thread(target=_flush, args=(call,), daemon=True).start()


def _flush(call: _Call) -> None:
    try:
        while call.entries:
            entries = [call.entries.popleft() for _ in range(len(call.entries))]
            page_calls.tell(call.id, *entries)
    except (RedisError, TypeError) as error:
        log.warning("what a page has said is lost: %s", error)
    finally:
        call.is_flushing = False
