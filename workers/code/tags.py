"""Code that a model writes between tags into its answer, found while it is written.

Source: contract, chat-flow §7 (the tag).
"""

import re
from collections.abc import Iterator
from typing import Literal

_NAME = "code_interpreter"
_OPENING = re.compile(rf"<{_NAME}(?:\s[^<>]{{0,200}})?>")
_LANGUAGE = re.compile(r"""lang\s*=\s*["']([\w+.-]{1,20})["']""")
_BEGINNING, _CLOSING = f"<{_NAME}", f"</{_NAME}>"
# What may still become an opening tag: its beginning, or all of it but the last bracket.
_MAYBE = re.compile(rf"<{_NAME}\s[^<>]{{0,200}}\Z")

Kind = Literal["text", "open", "code", "close"]
Piece = tuple[Kind, str]


class Tags:
    """Tells text from code, piece by piece; what may become a tag is held back.

    Attributes:
        is_inside: Whether code is being written.
    """

    def __init__(self) -> None:
        self.is_inside = False
        self._held = ""

    def feed(self, text: str) -> Iterator[Piece]:
        """Take a piece of the answer.

        Returns:
            ("text", text), ("open", tag), ("code", code), ("close", ""). Whoever takes no more
            after a "close" finds the rest in `flush`.
        """
        self._held += text
        while self._held:
            found = self._next()
            if found is None:
                return
            yield found

    def flush(self) -> str:
        """Give what was held back, when nothing follows."""
        text, self._held = self._held, ""
        return text

    def _next(self) -> Piece | None:
        return self._next_code() if self.is_inside else self._next_text()

    def _next_text(self) -> Piece | None:
        held = self._held
        opening = _OPENING.search(held)
        if opening is not None and opening.start() == 0:
            self._held, self.is_inside = held[opening.end() :], True
            return "open", opening[0]
        end = opening.start() if opening else _possible_start(held)
        return self._cut("text", end)

    def _next_code(self) -> Piece | None:
        held = self._held
        if held.startswith(_CLOSING):
            self._held, self.is_inside = held[len(_CLOSING) :], False
            return "close", ""
        end = held.find(_CLOSING)
        return self._cut("code", end if end >= 0 else len(held) - _overlap(held, _CLOSING))

    def _cut(self, kind: Kind, end: int) -> Piece | None:
        if not end:
            return None
        piece, self._held = self._held[:end], self._held[end:]
        return kind, piece


def language_in(tag: str) -> str:
    """Tell in which language the code behind an opening tag is."""
    found = _LANGUAGE.search(tag)
    return found[1] if found else "python"


def _possible_start(text: str) -> int:
    """Find where an opening tag may begin that is not all there yet."""
    if maybe := _MAYBE.search(text):
        return maybe.start()
    return len(text) - _overlap(text, _BEGINNING)


def _overlap(text: str, tag: str) -> int:
    """Count how many letters at the end of a text begin a tag."""
    return next((n for n in range(min(len(text), len(tag)), 0, -1) if text.endswith(tag[:n])), 0)
