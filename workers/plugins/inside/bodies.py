"""The body of a streaming answer, which comes in pieces of any size: as lines, or as it is.

Source: HTML standard, section 9.2 (server-sent events).
"""

import codecs
from typing import Any

_FIELDS = ("data:", "event:", "id:", "retry:", ":")


class Lines:
    """Reads a body; of server-sent events only the lines with data are given."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._is_of_events: bool | None = None

    def feed(self, piece: Any) -> list[Any]:
        """Take a piece, give what is whole; objects are given as they are."""
        if isinstance(piece, bytes | bytearray):
            piece = self._decoder.decode(bytes(piece))
        if not isinstance(piece, str):
            return [piece]
        self._held += piece
        if self._is_of_events is None:
            self._is_of_events = self._kind()
        if self._is_of_events is False:
            text, self._held = self._held, ""
            return [text] if text else []
        *lines, self._held = self._held.split("\n")
        return [line.strip() for line in lines if line.startswith("data:")]

    def _kind(self) -> bool | None:
        """Whether these are server-sent events; None while that cannot be told."""
        start = self._held.lstrip()
        if start.startswith(_FIELDS):
            return True
        return None if any(field.startswith(start) for field in _FIELDS) else False

    def finish(self) -> list[Any]:
        """Give what is left at the end."""
        if self._is_of_events is None and self._held.strip():
            return [self._held]
        return self.feed("\n") if self._held else []
