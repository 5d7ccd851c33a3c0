"""Asking the page from which a job was started, and waiting for its answer."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared import page_calls
from shared.errors import Invalid, Reason, SwitchyardError
from shared.ids import new_id
from shared.kinds.inference import RunChat
from shared.page_calls import ANSWER, FLOODED, GONE, TAKEN
from shared.subscriber import subscriber
from workers.live import Running

# Source: contract, chat-flow §5 (how long the acknowledgement of an event is waited for).
PATIENCE_S = 60.0
# By then a page that is connected anywhere has been handed its question.
_FOUND_WITHIN_S = 5.0
_READY_WITHIN_S = 2.0
# How long nothing may be heard before the list is looked at.
_DOUBT_S = 1.0


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


def page_of(request: RunChat, user_id: str) -> Page | None:
    """Give the page from which an answer was asked for; None when no page has."""
    if not request.session_id:
        return None
    return Page(user_id, request.session_id, request.page_chat_id, request.page_message_id)


def ask(job: Running, page: Page, kind: str, data: Any, patience_s: float = PATIENCE_S) -> Any:
    """Send a page an event, and give what it acknowledges.

    Args:
        kind: Type of the event: "execute:tool", "confirmation", "input" …
        data: Its data.

    Raises:
        PageGone: No process has its socket, or it has left meanwhile.
        PageSilent: It has not answered.
        Stopped: The job has to end.
    """
    for is_answer, said in follow(job, page, kind, data, patience_s=patience_s):
        if is_answer:
            return said
    raise PageGone


def follow(
    job: Running, page: Page, kind: str, data: Any, stream: str = "", patience_s: float = PATIENCE_S
) -> Iterator[tuple[bool, Any]]:
    """Send a page an event, and give what comes back as it comes; whoever has enough goes.

    Args:
        stream: Name of the event under which the page sends more than its answer.
        patience_s: How long nothing may come.

    Returns:
        Pairs: whether it is the answer itself, and what the page has sent.

    Raises:
        PageGone, PageSilent, Stopped: As above.
        Invalid: The page sends more than is taken.
    """
    call = _Call(job, page)
    try:
        yield from call.entries(kind, data, stream, patience_s)
    finally:
        call.close()


class _Call:
    """One question, and what comes back."""

    def __init__(self, job: Running, page: Page) -> None:
        self._job, self._page, self._id = job, page, new_id()
        self._news = threading.Event()
        self._ready = subscriber.add(page_calls.channel(self._id), self._hear)

    def _hear(self, _message: bytes | None) -> None:
        self._news.set()

    def entries(
        self, kind: str, data: Any, stream: str, patience_s: float
    ) -> Iterator[tuple[bool, Any]]:
        page, inner = self._page, {"type": kind, "data": data}
        event = {"chat_id": page.chat_id, "message_id": page.message_id, "data": inner}
        self._ready.wait(_READY_WITHIN_S)
        self._job.check()  # the page may answer sooner than anybody looks again
        page_calls.ask(page.user_id, page.session_id, self._id, event, stream)
        count, deadline = 0, time.monotonic() + min(_FOUND_WITHIN_S, patience_s)
        while True:
            self._news.clear()
            found = page_calls.told(self._id, count)
            for what, said in found:
                _check(what)
                if what != TAKEN:
                    yield what == ANSWER, said
            count += len(found)
            if found:
                deadline = time.monotonic() + patience_s
            elif time.monotonic() >= deadline:
                raise PageSilent if count else PageGone
            self._wait(deadline)

    def _wait(self, deadline: float) -> None:
        with self._job.abortable(self._news.set):
            self._news.wait(max(0.0, min(_DOUBT_S, deadline - time.monotonic())))

    def close(self) -> None:
        subscriber.remove(page_calls.channel(self._id), self._hear)
        page_calls.close(self._page.user_id, self._id)


def _check(what: str) -> None:
    if what == GONE:
        raise PageGone
    if what == FLOODED:
        raise Invalid(
            "The page has sent more, or what is nested deeper, than is taken for one answer."
        )
