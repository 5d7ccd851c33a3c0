"""Files that are text already: source code, notes, data, in any encoding."""

import codecs
import mimetypes
import re
from pathlib import Path

from shared.errors import Invalid
from shared.services.content_types import BINARY
from shared.unicode import wide_encoding

# A file whose text is longer is no document; nobody reads it, and no model does.
_MAX_BYTES = 64 * 1024 * 1024
# Text for whose form there is a reader.
_HAVE_READERS = ("text/html", "text/rtf", "text/xml", "text/richtext")
_TEXTS = ("application/json", "application/yaml", "application/x-yaml", "application/javascript")
_LATIN = ("Basic Latin", "Latin", "General Punctuation", "Control", "Currency")
_READERS_ENDINGS = (".html", ".htm", ".xhtml", ".rtf", ".eml", ".xml", ".svg", ".mht", ".mhtml")
# Forms whose bytes are letters, whatever reads them.
_TEXTUAL = ("application/rtf", "application/json", "application/xml", "image/svg+xml")
# What is read by something that takes every text for UTF-8.
_MARKED_UP = ("text/html", "application/xhtml+xml", "text/xml", "application/xml", "image/svg+xml")
_MARKED_UP_ENDINGS = (".html", ".htm", ".xhtml", ".xml", ".svg")
# Where such a text says how it is written; source: https://html.spec.whatwg.org/#charset and
# https://www.w3.org/TR/xml/#charencoding
_SAYS_ENCODING = re.compile(
    rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE
)
_SAID_WITHIN = 2048
# Letters that JSON may write by their numbers.
_BY_NUMBER = re.compile(r"(?<!\\)\\u(?!00[0-7]|d[89a-f])([0-9a-f]{4})", re.IGNORECASE)
# So much of a damaged text can be read.
_MOSTLY = 0.95
# Begin and end what is not ASCII in ISO-2022-JP; source: RFC 1468.
_JAPANESE_SHIFTS = (b"\x1b$B", b"\x1b$@", b"\x1b(J")
# So much of a text is looked at to guess how it is written.
_LOOKED_AT = 1_000_000


def is_text(filename: str, content_type: str) -> bool:
    """Whether a file is to be read as it stands."""
    if filename.lower().endswith(_READERS_ENDINGS) or content_type in _HAVE_READERS:
        return False
    return content_type.startswith("text/") or content_type in _TEXTS


def may_be_text(filename: str, content_type: str) -> bool:
    """Whether a name promises text where the bytes do not look like it."""
    promised = mimetypes.guess_type(filename)[0] or ""
    return content_type == BINARY and (promised.startswith("text/") or promised in _TEXTUAL)


def is_marked_up(filename: str, content_type: str) -> bool:
    """Whether a file is HTML or XML, which may say itself how it is written."""
    return content_type in _MARKED_UP or filename.lower().endswith(_MARKED_UP_ENDINGS)


def read(path: Path, content_type: str = "text/plain") -> str:
    """Read a text; letters that JSON has written by their numbers become letters, so that they are
    found.

    Raises:
        Invalid: It is too long.
    """
    found = decoded(raw(path))
    if content_type != "application/json":
        return found
    return _BY_NUMBER.sub(lambda number: chr(int(number[1], 16)), found)


def read_doubtful(path: Path) -> str | None:
    """Read a text in which some bytes are damaged; None when it is none at all."""
    found = decoded(raw(path))
    kept = "".join(one for one in found if one.isprintable() or one.isspace())
    return kept if len(kept) >= len(found) * _MOSTLY else None


def raw(path: Path) -> bytes:
    """Give the bytes of a text.

    Raises:
        Invalid: They are too many.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise Invalid(f"The text is longer than {_MAX_BYTES // 2**20} MB.")
    return path.read_bytes()


def decoded(content: bytes) -> str:
    """Read text in the encoding that its bytes show, else in the first one that fits."""
    if wide := wide_encoding(content):
        return content.decode(wide, "replace")
    if any(shift in content for shift in _JAPANESE_SHIFTS):
        return content.decode("iso2022_jp", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _guessed(content)


def decoded_markup(content: bytes) -> str:
    """Read HTML or XML in the encoding that it says it has; else as any text."""
    said = _SAYS_ENCODING.search(content[:_SAID_WITHIN])
    if said is None or wide_encoding(content):
        return decoded(content)
    try:
        # Source: https://encoding.spec.whatwg.org/#names-and-labels: Latin 1 means this one.
        name = codecs.lookup(said[1].decode("ascii")).name
        return content.decode("cp1252" if name == "iso8859-1" else name)
    except (LookupError, ValueError):
        return decoded(content)


def _guessed(content: bytes) -> str:
    """Read text in an encoding of before Unicode. The guess tells alphabets apart, but not the
    Latin ones from each other: of these the most frequent is taken.
    """
    import charset_normalizer  # noqa: PLC0415 -- of use for few files

    # To the end of a line: a letter that is cut in two fits into no encoding.
    end = content.rfind(b"\n", 0, _LOOKED_AT) if len(content) > _LOOKED_AT else -1
    best = charset_normalizer.from_bytes(content[: end if end > 0 else _LOOKED_AT]).best()
    is_latin = best is None or all(name.startswith(_LATIN) for name in best.alphabets)
    encoding = "cp1252" if is_latin or best is None else best.encoding
    return content.decode(encoding, "replace")
