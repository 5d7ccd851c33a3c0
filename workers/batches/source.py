"""The input of a batch, line by line: memory is bounded by the longest line."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.storage import get_storage

LONGEST_LINE_BYTES = 8 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Line:
    """One line that is not empty.

    Attributes:
        number: From 1, empty lines counted.
        content: Its bytes; None when it is longer than LONGEST_LINE_BYTES.
    """

    number: int
    content: bytes | None


def lines_of(key: str) -> Iterator[Line]:
    """Read the lines of a stored file.

    Raises:
        Missing, StorageFailed: It cannot be read.
    """
    for number, content in enumerate(_split(get_storage().read(key)), 1):
        if content is None or content.strip():
            yield Line(number, content if content is None else content.strip().removeprefix(_BOM))


def _split(pieces: Iterator[bytes]) -> Iterator[bytes | None]:
    """Cut pieces at their line breaks; None stands for a line that is too long."""
    rest, is_too_long = bytearray(), False
    for piece in pieces:
        *whole, last = piece.split(b"\n")
        for part in whole:
            rest += part
            yield None if is_too_long or len(rest) > LONGEST_LINE_BYTES else bytes(rest)
            rest.clear()
            is_too_long = False
        rest += last
        if len(rest) > LONGEST_LINE_BYTES:
            rest.clear()
            is_too_long = True
    if rest or is_too_long:
        yield None if is_too_long else bytes(rest)
