"""Asking the page from which a job was started, and waiting for its answer."""

import threading
from dataclasses import dataclass
from typing import Any

import orjson

from shared import page_calls
from shared.errors import Reason, SwitchyardError
from shared.ids import new_id
from shared.subscriber import subscriber
from workers.live import Running

# Source: contract, chat-flow §5 (how long the acknowledgement of an event is waited for).
PATIENCE_S = 60.0
# By then a page that is connected anywhere has been handed its question.
_FOUND_WITHIN_S = 5.0
_READY_WITHIN_S = 2.0


class PageGone(SwitchyardError):
    """The page is not connected."""

    reason = Reason.UNAVAILABLE


class PageSilent(SwitchyardError):
    """The page has not answered in time."""

    reason = Reason.TIMEOUT


@dataclass(frozen=True)
class Page:
    """An open page, and the message that it is asked about.

    Attributes:
        session_id: Its socket; only one of the user's own is ever asked.
        chat_id: As the page knows it.
    """

    user_id: str
    session_id: str
    chat_id: str | None
    message_id: str | None


class _Answer:
    """What comes back, as it comes."""

    def __init__(self) -> None:
        self.news = threading.Event()
        self.is_taken = False
        self.said: dict[str, Any] | None = None

    def hear(self, message: bytes | None) -> None:
        if message == b"taken":
            self.is_taken = True
        elif message is not None:
            self.said = orjson.loads(message)
            self.news.set()


def ask(job: Running, page: Page, kind: str, data: Any, patience_s: float = PATIENCE_S) -> Any:
    """Send a page an event, and give what it acknowledges.

    Args:
        kind: Type of the event: "execute:tool", "confirmation", "input" …
        data: Its data.

    Raises:
        PageGone: No process has its socket.
        PageSilent: It has not answered.
        Stopped: The job has to end.
    """
    call_id, answer = new_id(), _Answer()
    event = {
        "chat_id": page.chat_id,
        "message_id": page.message_id,
        "data": {"type": kind, "data": data},
    }
    ready = subscriber.add(page_calls.channel(call_id), answer.hear)
    try:
        with job.abortable(answer.news.set):
            ready.wait(_READY_WITHIN_S)
            page_calls.ask(page.user_id, page.session_id, call_id, event)
            return _awaited(answer, patience_s)
    finally:
        subscriber.remove(page_calls.channel(call_id), answer.hear)


def _awaited(answer: _Answer, patience_s: float) -> Any:
    first = min(_FOUND_WITHIN_S, patience_s)
    answer.news.wait(first)
    if answer.said is None and not answer.news.is_set():
        if not answer.is_taken:
            raise PageGone
        answer.news.wait(patience_s - first)
    if answer.said is None:
        raise PageSilent
    return answer.said["answer"]
