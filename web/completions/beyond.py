"""What of an answer that was begun anew goes beyond what its client has already.

A client of a plain stream cannot be told to drop what it has. So of a second attempt it gets only
what is longer than the first.
"""

from typing import Any

import orjson

# One for all: an empty frozenset takes 0.2 KB, and most answers call nothing.
_NO_CALLS: frozenset[tuple[int, int]] = frozenset()


class Track:
    """One text that grows: the answer, the reasoning, the arguments of one call.

    Attributes:
        has: How much the client has, in bytes of the text's JSON, the form in which it passes by.
        at: How far the current attempt has come, in the same unit.
    """

    __slots__ = ("at", "has")

    def __init__(self) -> None:
        self.has = self.at = 0

    def beyond(self, piece: str) -> str:
        """Take the next piece of this attempt; give what of it the client lacks."""
        size = _size(piece)
        known = min(self.has - self.at, size)
        self.at += size
        self.has = max(self.has, self.at)
        return _behind(piece, known)


def _size(text: str) -> int:
    return len(orjson.dumps(text)) - 2


def _behind(text: str, known: int) -> str:
    """Cut off what fills so many bytes of JSON, at the border of a letter."""
    for place, letter in enumerate(text):
        if known <= 0:
            return text[place:]
        known -= _size(letter)
    return ""


class Beyond:
    """All texts of one answer; `text` is the first choice's, by far the most frequent."""

    __slots__ = ("_is_repeated", "_known_calls", "_tracks", "text")

    def __init__(self) -> None:
        self.text = Track()
        # Most answers have neither: nothing is made for these before it is needed.
        self._tracks: dict[tuple[Any, ...], Track] = {}
        self._known_calls = _NO_CALLS
        self._is_repeated = False

    def restart(self) -> None:
        """Note that a new attempt begins."""
        self._is_repeated = True
        for track in (self.text, *self._tracks.values()):
            track.at = 0

    def of_text(self, choice: int, piece: str) -> str:
        """Give what is new of a piece of text."""
        return (self._track("text", choice) if choice else self.text).beyond(piece)

    def of_reasoning(self, choice: int, piece: str) -> str:
        """Give what is new of a piece of reasoning."""
        return self._track("reasoning", choice).beyond(piece) if piece else ""

    def _track(self, *place: Any) -> Track:
        return self._tracks.setdefault(place, Track())

    def of_calls(self, choice: int, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give what is new of the deltas of tool calls; the id and the name that a call had first
        stay.
        """
        given = [self._of_call(choice, call) for call in calls]
        return [call for call in given if call is not None]

    def _of_call(self, choice: int, call: dict[str, Any]) -> dict[str, Any] | None:
        place = (choice, call.get("index", 0))
        function = call.get("function") or {}
        arguments = self._track("call", *place).beyond(function.get("arguments") or "")
        is_known = place in self._known_calls
        self._known_calls |= {place}
        if not self._is_repeated or not is_known:
            return call
        return {"index": place[1], "function": {"arguments": arguments}} if arguments else None
