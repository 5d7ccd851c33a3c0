"""An engine, an extractor and a splitter for tests of what is done with their work."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shared.errors import Invalid
from workers.retrieval.base import Chunk, Extract


class WordEngine:
    """Texts are near each other when they share words.

    Attributes:
        texts: All texts that were embedded, in their order.
        before: Called with each text before it is embedded; may raise or wait.
        dim: Length of the vectors.
    """

    def __init__(self, name: str = "fake/words", dim: int = 64) -> None:
        self.name, self.dim = name, dim
        self.texts: list[str] = []
        self.before: Callable[[str], object] = lambda _text: None

    def embed(self, texts: Sequence[str], is_query: bool = False) -> Any:
        """Add up the words of each text."""
        return np.stack([self._embed(text) for text in texts])

    def _embed(self, text: str) -> Any:
        self.before(text)
        self.texts.append(text)
        vector = np.full(self.dim, 0.01, dtype=np.float32)
        for word in text.lower().split():
            vector[sum(word.encode()) % self.dim] += 1
        return vector / np.linalg.norm(vector)


class LineSplitter:
    """Each line is a chunk."""

    def split(self, extract: Extract) -> list[Chunk]:
        """Cut at the ends of lines."""
        chunks, start = [], 0
        for line in extract.text.splitlines(keepends=True):
            if line.strip():
                page = sum(1 for first in extract.pages if first <= start) - 1
                meta = {"page": page} if page >= 0 else {}
                chunks.append(Chunk(line.strip(), start, meta))
            start += len(line)
        return chunks


class PageExtractor:
    """Plain text; a form feed begins a page."""

    def extract(self, path: Path, filename: str, content_type: str) -> Extract:
        """Read text."""
        if not content_type.startswith("text/"):
            raise Invalid(f"There is no text in {filename}: it is {content_type}.")
        text = path.read_text("utf-8")
        starts = [n + 1 for n, c in enumerate(text) if c == "\f"]
        return Extract(text, (0, *starts) if starts else ())


class Gate:
    """Lets one text through only when it is opened; tells when it has come."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.has_come, self._may_go = threading.Event(), threading.Event()

    def __call__(self, text: str) -> None:
        """Wait if it is the text."""
        if text == self._text and not self._may_go.is_set():
            self.has_come.set()
            assert self._may_go.wait(20), "the gate was never opened"

    def open(self) -> None:
        """Let it through."""
        self._may_go.set()
