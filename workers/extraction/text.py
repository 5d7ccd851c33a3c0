"""Files that are text already: source code, notes, data, in any encoding."""

from pathlib import Path

from shared.errors import Invalid

# A file whose text is longer is no document; nobody reads it, and no model does.
_MAX_BYTES = 64 * 1024 * 1024
# Text for whose form there is a reader.
_HAVE_READERS = ("text/html", "text/rtf", "text/xml", "text/richtext")
_TEXTS = ("application/json", "application/yaml", "application/x-yaml", "application/javascript")
_LATIN = ("Basic Latin", "Latin", "General Punctuation", "Control", "Currency")
_READERS_ENDINGS = (".html", ".htm", ".xhtml", ".rtf", ".ipynb", ".eml", ".xml", ".mht", ".mhtml")


def is_text(filename: str, content_type: str) -> bool:
    """Whether a file is to be read as it stands."""
    if filename.lower().endswith(_READERS_ENDINGS) or content_type in _HAVE_READERS:
        return False
    return content_type.startswith("text/") or content_type in _TEXTS


def read(path: Path) -> str:
    """Read a text.

    Raises:
        Invalid: It is too long.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise Invalid(f"The text is longer than {_MAX_BYTES // 2**20} MB.")
    return decoded(path.read_bytes())


def decoded(raw: bytes) -> str:
    """Read text in the encoding that it claims, else in the first one that fits."""
    if raw.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return raw.decode("utf-32", "replace")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _guessed(raw)


def _guessed(raw: bytes) -> str:
    """Read text in an encoding of before Unicode. The guess tells alphabets apart, but not the
    Latin ones from each other: of these the most frequent is taken.
    """
    import charset_normalizer  # noqa: PLC0415 -- of use for few files

    best = charset_normalizer.from_bytes(raw[:65536]).best()
    is_latin = best is None or all(name.startswith(_LATIN) for name in best.alphabets)
    encoding = "cp1252" if is_latin or best is None else best.encoding
    return raw.decode(encoding, "replace")
