"""Giving out the bytes of a file so that a browser never runs them as part of this site.

Source: RFC 9110, section 14 (ranges); https://www.w3.org/TR/CSP3/#directive-sandbox
"""

from collections.abc import Iterator
from urllib.parse import quote

from flask import Response, request

from shared.models.file import File
from shared.storage import get_storage

# What may be shown in place; everything else is saved. HTML, SVG and XML can hold scripts.
_HARMLESS = (
    "text/plain",
    "text/csv",
    "text/markdown",
    "application/json",
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/bmp",
)
_SOUNDS = ("audio/", "video/")
_PDF = "application/pdf"
_NOTHING = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def deliver(file: File, as_attachment: bool) -> Response:
    """Answer with the bytes of a file, or with the part that the request asks for.

    Raises:
        Missing: The storage has lost them.
        StorageFailed: It does not answer.
    """
    size = get_storage().size(file.key)
    span = _wanted(file, size)
    if request.if_none_match.contains(file.id):
        return _dressed(file, as_attachment, Response(status=304))
    if span == (0, 0) and size:
        return Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = span
    length = end - start
    is_part = length != size
    pieces: Iterator[bytes] = iter(())
    if request.method != "HEAD":
        pieces = get_storage().read(file.key, start, length if is_part else None)
    answer = Response(pieces, 206 if is_part else 200, direct_passthrough=True)
    answer.content_length = length
    if is_part:
        answer.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return _dressed(file, as_attachment, answer)


def _wanted(file: File, size: int) -> tuple[int, int]:
    """Give the first byte that is wanted and the one behind the last; the same twice when there is
    no such part.
    """
    condition = request.if_range
    is_stale = condition is not None and condition.etag not in (None, file.id)
    wanted = None if is_stale or (condition and condition.date) else request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return 0, size
    return wanted.range_for_length(size) or (0, 0)


def _dressed(file: File, as_attachment: bool, answer: Response) -> Response:
    kind = file.content_type
    is_text = kind.startswith("text/")
    answer.content_type = f"{kind}; charset=utf-8" if is_text else kind
    is_shown = kind in _HARMLESS or kind.startswith(_SOUNDS)
    disposition = "inline" if is_shown and not as_attachment else "attachment"
    answer.headers["Content-Disposition"] = f"{disposition}; {_saved_as(file.filename)}"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if kind != _PDF:  # browsers show no PDF in a sandbox; it reaches nothing of this site anyway
        answer.headers["Content-Security-Policy"] = _NOTHING
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(file.id)  # the bytes of a file never change
    return answer


def _saved_as(name: str) -> str:
    """Name the file for those who save it. Source: RFC 6266, section 4.3."""
    return f"filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"
