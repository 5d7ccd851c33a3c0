"""What a file is: found in its first bytes, for a client's word for it may be a lie.

Source: https://mimesniff.spec.whatwg.org/ and https://en.wikipedia.org/wiki/List_of_file_signatures
"""

import mimetypes
from pathlib import PurePath

from shared.unicode import wide_encoding

# So many bytes are enough to tell.
HEAD_BYTES = 4096
BINARY = "application/octet-stream"
_ZIP, _OLE, _RIFF, _ISO = "zip", "ole", "riff", "iso"

# Beginnings that mean one thing, or a family that the rest of the head decides.
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"{\\rtf", "application/rtf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"PK\x03\x04", _ZIP),
    (b"PK\x05\x06", _ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
    (b"RIFF", _RIFF),
)
# Families whose members only their name tells apart; the first is for all other names.
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_MEMBERS = {
    _ZIP: {
        "": "application/zip",
        ".docx": f"{_OPEN_XML}wordprocessingml.document",
        ".xlsx": f"{_OPEN_XML}spreadsheetml.sheet",
        ".pptx": f"{_OPEN_XML}presentationml.presentation",
        ".odt": "application/vnd.oasis.opendocument.text",
        ".ods": "application/vnd.oasis.opendocument.spreadsheet",
        ".odp": "application/vnd.oasis.opendocument.presentation",
        ".epub": "application/epub+zip",
    },
    _OLE: {
        "": BINARY,
        ".doc": "application/msword",
        ".xls": "application/vnd.ms-excel",
        ".ppt": "application/vnd.ms-powerpoint",
        ".msg": "application/vnd.ms-outlook",
    },
}
_RIFFS = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
_TEXTS = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".ipynb": "application/x-ipynb+json",
    ".eml": "message/rfc822",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
# Forms that may consist of letters alone.
_WORDY = ("application/pdf", "application/rtf")
# Names that a browser would run if it were told so; only what looks like it in its bytes is.
_ACTIVE = ("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml")


def sniff(head: bytes, filename: str) -> str:
    """Find out what a file is.

    Args:
        head: Its first bytes, HEAD_BYTES if it has so many.
        filename: Decides only between types of the same kind of bytes.

    Returns:
        A MIME type without parameters.
    """
    suffix = PurePath(filename.lower()).suffix
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if found not in _WORDY and _is_text(head):
        found = None  # it begins with these letters, as "BMW builds cars" does
    elif found is None and head[4:8] == b"ftyp":
        found = _ISO
    if found is None:
        return _text(head, suffix) if _is_text(head) else BINARY
    if found in _MEMBERS:
        return _MEMBERS[found].get(suffix, _MEMBERS[found][""])
    if found == _ISO:
        return "audio/mp4" if head[8:11] == b"M4A" or suffix == ".m4a" else "video/mp4"
    return _RIFFS.get(head[8:12], BINARY) if found == _RIFF else found


def _is_text(head: bytes) -> bool:
    if wide_encoding(head):
        return True
    # Other encodings than UTF-8 are text as well; no text has control characters.
    return not any(byte < 9 or 13 < byte < 27 for byte in head)


def _text(head: bytes, suffix: str) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script")):
        return "text/html"
    if start.startswith((b"<?xml", b"<svg", b"<!doctype svg")):
        return "image/svg+xml" if b"<svg" in start else "text/xml"
    told = _TEXTS.get(suffix) or mimetypes.types_map.get(suffix, "")
    is_plain = told.startswith("text/") or told in _TEXTS.values()
    return told if is_plain and told not in _ACTIVE else _markup(suffix)


def _markup(suffix: str) -> str:
    """Take HTML that begins with something else for HTML as well: it is never run, see
    web/files/delivery.py.
    """
    return "text/html" if suffix in (".html", ".htm", ".xhtml") else "text/plain"
