"""A model that a page asks for us.

Source: contract, chat-flow §11 (`request:chat:completion`).
"""

from collections.abc import Iterator
from typing import Any

import orjson

from shared.errors import Invalid
from shared.ids import new_id
from workers.direct.lines import Lines
from workers.live import Running
from workers.page_calls import Page, PageGone, PageSilent, follow
from workers.providers import timeouts
from workers.providers.base import Event
from workers.providers.errors import Refused
from workers.providers.line import Cut
from workers.providers.lines import CutShort, ErrorItem, Garbled
from workers.providers.sse import ChunkReader, events_of

_KIND = "request:chat:completion"
_LONGEST_WORDS = 500


class DirectProvider:
    """Asks one page; see `workers.providers.base.Answering`.

    Args:
        model: The page's own description of the model.
    """

    def __init__(self, job: Running, page: Page, model: dict[str, Any]) -> None:
        self._job, self._page, self._model = job, page, model

    def stream(self, body: dict[str, Any]) -> "DirectStream":
        """Answer a chat, piece by piece."""
        return DirectStream(self, body)

    def complete(self, body: dict[str, Any], cut: Cut | None = None) -> dict[str, Any]:  # noqa: ARG002 -- the wait for a page ends with its job
        """Answer a chat in one piece.

        Raises:
            Refused: The page has no answer.
        """
        asked = {name: value for name, value in body.items() if name != "stream_options"}
        for is_answer, said in self.asked({**asked, "stream": False}, ""):
            if is_answer:
                return _completion(said)
        raise PageGone

    def asked(self, body: dict[str, Any], channel: str) -> Iterator[tuple[bool, Any]]:
        """Ask, and give what the page says; see `workers.page_calls.follow`.

        Raises:
            Refused: The page cannot be asked any more.
        """
        told = {
            "form_data": body,
            "model": self._model,
            "channel": channel,
            "session_id": self._page.session_id,
        }
        patience = timeouts().first_byte_s
        try:
            yield from follow(self._job, self._page, _KIND, told, channel, patience)
        except PageGone as error:
            words = "The page whose browser asks this model was closed or has lost its connection."
            raise Refused(words, reason=error.reason) from error
        except PageSilent as error:
            words = (
                "The page whose browser asks this model does not answer. The chat has to be open."
            )
            raise Refused(words, reason=error.reason) from error
        except Invalid as error:
            raise Refused(error.message, reason=error.reason) from error

    def channel(self) -> str:
        """Make the name under which the page is to send a stream."""
        return f"{self._page.user_id}:{self._page.session_id}:{new_id()}"


class DirectStream:
    """An answer that a page passes on line by line; see `workers.providers.base.Stream`."""

    def __init__(self, provider: DirectProvider, body: dict[str, Any]) -> None:
        self._provider, self._body = provider, body
        self._reader = ChunkReader(str(body.get("model", "")))
        self._lines = Lines()

    def __iter__(self) -> Iterator[Event]:
        for events in self.batches():
            yield from events

    def batches(self) -> Iterator[list[Event]]:
        """Give the events as they come.

        Raises:
            Refused: The page, or the server that it asks, does not answer as it should.
        """
        try:
            for piece in self._pieces():
                if events := self._reader.feed(piece):
                    yield events
                if self._reader.done:
                    return
            if events := self._reader.finish():
                yield events
        except ErrorItem as error:
            raise Refused(_words(error.value)) from error
        except CutShort as error:
            raise Refused("The page ended the answer before it was complete.") from error
        except Garbled as error:
            raise Refused(f"What the page sends cannot be read: {error}") from error

    def _pieces(self) -> Iterator[bytes]:
        channel = self._provider.channel()
        for is_answer, said in self._provider.asked({**self._body, "stream": True}, channel):
            if is_answer and not _is_good(said):
                raise Refused(_words(said))
            if isinstance(said, dict):
                if said.get("done") is True:
                    break
            elif isinstance(said, str) and (line := self._lines.next(said)):
                yield line
        yield self._lines.rest()

    def close(self) -> None:
        """Nothing stays open: the question ends with its reader."""

    def abort(self) -> None:
        """Nothing is to be done: the wait for a page ends with its job."""


def _is_good(said: Any) -> bool:
    return isinstance(said, dict) and said.get("status") is True


def _completion(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict) or not isinstance(said.get("choices"), list):
        raise Refused(_words(said))
    try:
        events_of(said)
    except Garbled as error:
        raise Refused(f"What the page sends cannot be read: {error}") from error
    return said


def _words(said: Any) -> str:
    """Give the words of an error that a page or its model server has reported."""
    inner = said.get("error", said.get("detail", said)) if isinstance(said, dict) else said
    if isinstance(inner, dict):
        inner = inner.get("message") or (orjson.dumps(inner).decode() if inner else "")
    text = str(inner or "")[:_LONGEST_WORDS]
    return f"The page could not ask the model: {text or 'its server cannot be reached.'}"
