"""The child process that reads one document and prints its text as JSON.

It is started anew for each, so that nothing of a bad one is left; its memory and its CPU time are
limited by the kernel, and what an archive would unpack to is looked up before it is unpacked.
"""

import mimetypes
import os
import resource
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import orjson

_MEMORY_BYTES = 3 * 1024**3
_CPU_S = 150
# Who does nothing for so long waits for a thread of the library that found no memory.
_STUCK_S = 20
_MAX_UNPACKED = 400 * 1024**2
_MAX_RATIO = 200
_MAX_ENTRIES = 20_000
_MAX_PAGES = 3000
_MAX_TEXT = 64 * 1024**2
_ALMOST_ALL = 0.98
# A page that begins here is told apart from the text before it.
_BETWEEN_PAGES = "\n\n"
_SHEETS = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.ms-excel",
)
# Forms that look like another one's bytes.
_BY_ENDING = {
    "epub": "application/epub+zip",
    "odt": "application/vnd.oasis.opendocument.text",
    "eml": "message/rfc822",
    "svg": "image/svg+xml",
    "xml": "text/xml",
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "text/html",
    "rtf": "application/rtf",
}


class _Refused(Exception):
    """The document is not read; says why."""


def main(path: Path, filename: str, content_type: str) -> dict[str, Any]:
    """Read one document.

    Returns:
        `text` and where its pages begin, or `problem`.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_when_stuck, daemon=True).start()
    try:
        _check_archive(path)
        return _read(path, filename, content_type)
    except _Refused as refused:
        return {"problem": str(refused)}
    except MemoryError:
        return {"problem": "it takes more memory than one file may."}


def _end_when_stuck() -> None:
    used, since = time.process_time(), time.monotonic()
    while time.monotonic() - since < _STUCK_S:
        time.sleep(0.5)
        if time.process_time() - used > 0.05:
            used, since = time.process_time(), time.monotonic()
    os._exit(1)


def _check_archive(path: Path) -> None:
    """Refuse what would unpack to far more than it is.

    Source: https://www.bamsoftware.com/hacks/zipbomb/
    """
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise _Refused("it is broken.") from None
    unpacked = sum(entry.file_size for entry in entries)
    is_bomb = unpacked > 2**20 * 10 and unpacked > path.stat().st_size * _MAX_RATIO
    if unpacked > _MAX_UNPACKED or is_bomb or len(entries) > _MAX_ENTRIES:
        raise _Refused("it would unpack to far more than a document.")


def _read(path: Path, filename: str, content_type: str) -> dict[str, Any]:
    import kreuzberg  # noqa: PLC0415 -- after the limits

    kind = _kind(filename, content_type, kreuzberg)
    config = kreuzberg.ExtractionConfig(
        pages=kreuzberg.PageConfig(extract_pages=True),
        use_cache=False,
        # Else nothing tells the columns apart.
        output_format="markdown" if kind in _SHEETS else "plain",
    )
    try:
        result = kreuzberg.extract_file_sync(str(path), kind, config=config)
    except (kreuzberg.KreuzbergError, RuntimeError, ValueError, OSError) as error:
        raise _Refused(_why(error)) from None
    return _told(result)


def _kind(filename: str, content_type: str, kreuzberg: Any) -> str:
    """Name the form: what was found in the bytes, else what the name says."""
    guessed = _BY_ENDING.get(filename.lower().rpartition(".")[2])
    for kind in (guessed, content_type, mimetypes.guess_type(filename)[0]):
        try:
            if kind:
                valid: str = kreuzberg.validate_mime_type(kind)
                return valid
        except (RuntimeError, ValueError, kreuzberg.KreuzbergError):
            continue
    raise _Refused("files of this kind have no text that can be read.")


def _why(error: Exception) -> str:
    words = str(error).lower()
    if "password" in words or "encrypted" in words:
        return "it is protected by a password."
    if "unsupported" in words or "mime" in words:
        return "files of this kind have no text that can be read."
    return "it is broken."


def _told(result: Any) -> dict[str, Any]:
    pages = [page["content"] for page in result.pages or ()]
    if len(pages) > _MAX_PAGES:
        raise _Refused(f"it has more than {_MAX_PAGES} pages.")
    if not _are_whole(pages, result.content):
        pages = []
    text = _BETWEEN_PAGES.join(pages) or result.content
    if len(text) > _MAX_TEXT:
        raise _Refused("its text is too long.")
    return {"text": text, "pages": page_starts(pages)}


def _are_whole(pages: list[str], content: str) -> bool:
    """Whether the pages have what the document has: those of sheets and slides are empty."""
    return sum(map(_letters, pages)) >= _letters(content) * _ALMOST_ALL


def _letters(text: str) -> int:
    return sum(not one.isspace() for one in text)


def page_starts(pages: list[str]) -> list[int]:
    """Tell where each page begins once they are joined."""
    starts, place = [], 0
    for page in pages:
        starts.append(place)
        place += len(page) + len(_BETWEEN_PAGES)
    return starts


if __name__ == "__main__":
    said = main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    sys.stdout.buffer.write(orjson.dumps(said))
