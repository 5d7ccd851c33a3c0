"""Recognising text in UTF-16 and UTF-32, which are full of bytes that no other text has."""

import codecs

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
# Without a mark the order of the bytes shows in what every language puts between its words.
_BETWEEN_WORDS = frozenset(" \n\t,.、。")
_LOOKED_AT = 2048


def wide_encoding(head: bytes) -> str | None:
    """Name the encoding of a text whose units are of two or four bytes.

    Args:
        head: Its first bytes.

    Returns:
        A codec that also takes the mark away; None for any other text, and for what is none.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if not any(byte < 9 for byte in head[:_LOOKED_AT]):
        return None  # what stands between words has such bytes in all of them
    return next((name for name in _UNMARKED if _reads_as(head, name)), None)


def _reads_as(head: bytes, encoding: str) -> bool:
    text = _whole_part(head, encoding)
    return bool(_BETWEEN_WORDS & set(text)) and all(
        one.isprintable() or one.isspace() for one in text
    )


def _whole_part(head: bytes, encoding: str) -> str:
    """Decode as much as is whole; empty when it is not in this encoding."""
    made = codecs.getincrementaldecoder(encoding)()
    try:
        return made.decode(head[:_LOOKED_AT])
    except UnicodeDecodeError:
        return ""
