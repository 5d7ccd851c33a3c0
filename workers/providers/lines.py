"""Lines and JSON out of a byte stream that may be cut anywhere, and need not be well behaved."""

from typing import Any

from shared.loose_json import DEEPEST, is_too_deep, parse

MAX_LINE = 16 * 1024 * 1024


class Unreadable(Exception):
    """An answer cannot be read to its end; becomes an error of ours where the host is known."""


class Garbled(Unreadable):
    """The upstream sent something else than it should; `words` is a piece of it."""

    def __init__(self, message: str, words: bytes = b"") -> None:
        super().__init__(message)
        self.words = words[:2000]


class CutShort(Unreadable):
    """The upstream ended its answer in good order, but too early."""


class ErrorItem(Unreadable):
    """The upstream sent an error in its stream; `value` is that error as it came."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def read_json(text: bytes) -> Any:
    """Read JSON that is kept or passed on.

    Raises:
        ValueError: It is not JSON.
        Garbled: It is so deep that nobody could write it again.
    """
    value = parse(text)
    if is_too_deep(value, text):
        raise Garbled(f"it sent something that is deeper than {DEEPEST} levels", text)
    return value


class LineSplitter:
    """Gives the whole lines of what it is fed, without their ends (LF, CRLF or CR)."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Take a piece of any size.

        Raises:
            Garbled: A line is longer than `MAX_LINE`.
        """
        if b"\r" in piece:
            piece = self._without_returns(piece)
        if b"\n" not in piece:
            self._keep(piece)
            return []
        if self._parts:
            piece = b"".join([*self._parts, piece])
            self._parts = []
            self._size = 0
        lines = piece.split(b"\n")
        if len(lines[0]) > MAX_LINE:
            raise Garbled(f"a line is longer than {MAX_LINE} bytes", lines[0])
        last = lines.pop()
        if last:
            self._keep(last)
        return lines

    def _keep(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)
        if self._size > MAX_LINE:
            raise Garbled(f"a line is longer than {MAX_LINE} bytes", self._parts[0])

    @staticmethod
    def _without_returns(piece: bytes) -> bytes:
        # A CR at the end is a whole line end here; the LF that may follow adds an empty line, and
        # empty lines mean nothing to our readers.
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def rest(self) -> bytes:
        """Give the last line, which had no end."""
        rest = b"".join(self._parts)
        self._parts = []
        self._size = 0
        return rest
