"""Cutting texts into chunks, at paragraphs and sentences where that is possible.

The cutting itself is semantic-text-splitter's; it keeps where each piece begins.
"""

from bisect import bisect_right
from typing import Any

from shared.config.options import option
from workers.retrieval.base import Chunk, Extract

# The encoding behind this name is the splitter's cl100k_base; it knows encodings by their models.
_ENCODINGS = {"cl100k_base": "gpt-4", "o200k_base": "gpt-4o", "p50k_base": "text-davinci-003"}


class TextSplitter:
    """See `Splitter`.

    Args:
        kind: `token` counts tokens; else characters. `markdown` cuts at headings first.
        size: Most characters or tokens of a chunk.
        overlap: How many of them are repeated in the next one.
    """

    def __init__(self, kind: str, size: int, overlap: int) -> None:
        self._cutter = _cutter(kind, size, min(overlap, size - 1))

    def split(self, extract: Extract) -> list[Chunk]:
        """See `Splitter`."""
        found = self._cutter.chunk_indices(extract.text)
        return [_chunk(text, start, extract.pages) for start, text in found if text.strip()]


def get_splitter() -> TextSplitter:
    """Give the splitter of the options."""
    return TextSplitter(option("RAG_TEXT_SPLITTER"), option("CHUNK_SIZE"), option("CHUNK_OVERLAP"))


def _cutter(kind: str, size: int, overlap: int) -> Any:
    import semantic_text_splitter as splitters  # noqa: PLC0415 -- of use to jobs of indexing only

    if kind == "token":
        model = _ENCODINGS.get(option("TIKTOKEN_ENCODING_NAME"), _ENCODINGS["cl100k_base"])
        return splitters.TextSplitter.from_tiktoken_model(model, size, overlap)
    make = splitters.MarkdownSplitter if kind == "markdown" else splitters.TextSplitter
    return make(size, overlap)


def _chunk(text: str, start: int, pages: tuple[int, ...]) -> Chunk:
    meta = {"page": bisect_right(pages, start) - 1} if pages else {}
    return Chunk(text, start, meta)
