"""Our own reader: text is read here, documents in a child process that may take no more than its
share of memory and time, whatever stands in them.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from shared.errors import Invalid
from workers.extraction import text
from workers.retrieval.base import Extract

_TIME_S = 180
_MAX_OUTPUT = 160 * 1024 * 1024
_CHILD = Path(__file__).with_name("child.py")


class OwnExtractor:
    """See `Extractor`."""

    def extract(self, path: Path, filename: str, content_type: str) -> Extract:
        """See `Extractor`."""
        if text.is_text(filename, content_type):
            return Extract(text.read(path))
        said = _in_a_child(path, filename, content_type)
        if problem := said.get("problem"):
            raise Invalid(f"'{filename}' cannot be read: {problem}")
        return Extract(said["text"], tuple(said["pages"]))


def make() -> OwnExtractor:
    """Give the extractor."""
    return OwnExtractor()


def _in_a_child(path: Path, filename: str, content_type: str) -> dict[str, Any]:
    program = [sys.executable, "-I", str(_CHILD), str(path), filename, content_type]
    try:
        done = subprocess.run(  # noqa: S603 -- our own module; the names are arguments, no shell
            program,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"},
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
