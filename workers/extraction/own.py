"""Our own reader: text is read here, documents in a child process that may take no more than its
share of memory and time, whatever stands in them.
"""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from shared.errors import Invalid
from workers.extraction import notebook, text
from workers.retrieval.base import Extract

_TIME_S = 180
_MAX_OUTPUT = 160 * 1024 * 1024
_CHILD = Path(__file__).with_name("child.py")
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
    # Else each thread takes 64 MB of what the child may have, needed or not.
    "MALLOC_ARENA_MAX": "1",
}


class _Refused(Exception):
    """The document is not read; says why."""


class OwnExtractor:
    """See `Extractor`."""

    def extract(self, path: Path, filename: str, content_type: str) -> Extract:
        """See `Extractor`."""
        try:
            return _extracted(path, filename, content_type)
        except _Refused as refused:
            raise Invalid(f"'{filename}' cannot be read: {refused}") from None


def make() -> OwnExtractor:
    """Give the extractor."""
    return OwnExtractor()


def _extracted(path: Path, filename: str, content_type: str) -> Extract:
    if filename.lower().endswith(notebook.ENDING):
        return Extract(_notebook(path))
    if text.is_text(filename, content_type):
        return Extract(text.read(path, content_type))
    if text.may_be_text(filename, content_type):
        return Extract(_damaged(path))
    with _readable(path, filename, content_type) as readable:
        said = _in_a_child(readable, filename, content_type)
    if problem := said.get("problem"):
        raise _Refused(problem)
    return Extract(said["text"], tuple(said["pages"]))


def _damaged(path: Path) -> str:
    found = text.read_doubtful(path)
    if found is None:
        raise _Refused("it is no text, whatever its name says.")
    return found


def _notebook(path: Path) -> str:
    try:
        return notebook.read(text.decoded(text.raw(path)))
    except notebook.NoNotebook:
        raise _Refused("it is broken.") from None


@contextlib.contextmanager
def _readable(path: Path, filename: str, content_type: str) -> Iterator[Path]:
    """Give a document as its reader takes it: markup in UTF-8."""
    if not text.is_marked_up(filename, content_type):
        yield path
        return
    with tempfile.NamedTemporaryFile() as copy:
        copy.write(text.decoded_markup(text.raw(path)).encode("utf-8", "replace"))
        copy.flush()
        yield Path(copy.name)


def _in_a_child(path: Path, filename: str, content_type: str) -> dict[str, Any]:
    program = [sys.executable, "-I", str(_CHILD), str(path), filename, content_type]
    try:
        done = subprocess.run(  # noqa: S603 -- our own module; the names are arguments, no shell
            program,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIME_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"problem": f"it takes longer than {_TIME_S} seconds."}
    if done.returncode or len(done.stdout) > _MAX_OUTPUT:
        return {"problem": "it is broken, or takes more memory than one file may."}
    said: dict[str, Any] = orjson.loads(done.stdout)
    return said
