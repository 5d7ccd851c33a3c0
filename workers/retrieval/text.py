"""The text in a file."""

from pathlib import Path

from shared.errors import Invalid
from shared.models.file import File
from shared.storage import get_storage

# A file whose text is longer is no document; nobody reads it, and no model does.
_MAX_BYTES = 64 * 1024 * 1024
_TEXTS = ("application/json", "application/yaml", "application/x-ipynb+json", "message/rfc822")


def text_of(file: File) -> str:
    """Read the text of an uploaded file.

    Raises:
        Invalid: It has none, or it cannot be read; the message says why.
        Missing: The storage has lost it.
        StorageFailed: The storage does not answer.
    """
    if not file.content_type.startswith("text/") and file.content_type not in _TEXTS:
        raise Invalid(f"No text can be found in files of this type ({file.content_type}).")
    if file.size_bytes > _MAX_BYTES:
        raise Invalid(f"The text is longer than {_MAX_BYTES // 2**20} MB.")
    with get_storage().as_file(file.key) as path:
        text = _decoded(path)
    if not text.strip():
        raise Invalid("The file holds no text.")
    return text


def _decoded(path: Path) -> str:
    """Read text in the encoding that it claims, else in the first one that fits."""
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
