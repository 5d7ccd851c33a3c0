"""An open page of a user, in this process: it is asked, and says what a test wants."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from shared import relay
from shared.subscriber import subscriber
from web.stream.page_calls import PageCalls

# Given the page and an event's inner `type` and `data`; what it returns is the ack.
Answer = Callable[["OpenPage", str, dict[str, Any]], Any]
SILENT = object()


class OpenPage:
    """A page with one socket.

    Attributes:
        asked: The envelopes that it got.
    """

    sid = "socket-1"

    def __init__(self, user_id: str, answer: Answer) -> None:
        self.asked: list[dict[str, Any]] = []
        self._user_id, self._answer = user_id, answer
        self._calls = PageCalls()
        subscriber.add(relay.user_channel(user_id), self._hear).wait(2)

    def _hear(self, message: bytes | None) -> None:
        told = orjson.loads(message or b'{"type": ""}')
        data = told.get("data")
        if told["type"] == "call" and data["session_id"] == self.sid:
            self._calls.hand_over(data, lambda answered: self._take(data["event"], answered))
        elif told["type"] == "called":
            self._calls.close(data["id"])

    def _take(self, envelope: dict[str, Any], answered: Callable[..., None]) -> None:
        self.asked.append(envelope)
        inner = envelope["data"]
        threading.Thread(target=self._react, args=(inner, answered), daemon=True).start()

    def _react(self, inner: dict[str, Any], answered: Callable[..., None]) -> None:
        said = self._answer(self, inner["type"], inner["data"])
        if said is not SILENT:
            answered(said)

    def send(self, name: str, data: Any) -> None:
        """Send an event, as the page does with the lines of a stream."""
        self._calls.hear(self.sid, name, data)

    def close(self) -> None:
        """Leave."""
        self._calls.leave(self.sid)
        subscriber.remove(relay.user_channel(self._user_id), self._hear)


@pytest.fixture
def open_page(world: None) -> Iterator[Callable[[str, Answer], OpenPage]]:
    """Open pages: `open_page(user.id, lambda page, kind, data: …)`."""
    made: list[OpenPage] = []

    def make(user_id: str, answer: Answer) -> OpenPage:
        made.append(OpenPage(user_id, answer))
        return made[-1]

    yield make
    for page in made:
        page.close()
