"""What the readers of all protocols have in common: from pieces of a body to events."""

from typing import NoReturn

from workers.providers.base import Event
from workers.providers.lines import CutShort, Garbled, LineSplitter, Unreadable

_QUOTED_BYTES = 2000


class EventReader:
    """Turns the pieces of an answer's body into events; subclasses read the lines.

    What was read before something unreadable came is given first; the error is raised by the next
    call.

    Attributes:
        done: The end was announced.
        may_end: It was not, but nothing is missing either.
    """

    def __init__(self) -> None:
        self.done = False
        self.may_end = False
        self._has_meta = False
        self._splitter = LineSplitter()
        self._start = b""
        self._failure: Unreadable | None = None

    def feed(self, piece: bytes) -> list[Event]:
        """Read a piece of any size.

        Raises:
            Garbled: It is not of this protocol.
            ErrorItem: The upstream reports an error.
        """
        events: list[Event] = []
        if not self._has_meta and len(self._start) < _QUOTED_BYTES:
            self._start += piece[:_QUOTED_BYTES]  # to be quoted if it never was of this protocol
        if self._failure is None:
            try:
                self._read_lines(self._splitter.feed(piece), events)
            except Unreadable as error:
                self._failure = error
        if self._has_meta:
            self._start = b""
        if self._failure is not None and not events:
            self._fail(self._failure)
        return events

    def finish(self) -> list[Event]:
        """Read what is left when the body has ended.

        Raises:
            CutShort: It ended before the answer did.
            Garbled: See `feed`, as for ErrorItem.
        """
        events = [] if self.done else self.feed(b"\n\n")  # the last line may lack its end
        if self._failure is not None:
            self._fail(self._failure)
        if not self.done and not self.may_end:
            raise CutShort
        return events

    def _read_lines(self, lines: list[bytes], events: list[Event]) -> None:
        raise NotImplementedError

    def _fail(self, failure: Unreadable) -> NoReturn:
        if isinstance(failure, Garbled) and not self._has_meta:
            failure.words = self._start
        raise failure
