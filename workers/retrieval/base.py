"""What it takes to make a text searchable: the text of a file, its chunks, their vectors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from workers.vectors.base import Vectors


@dataclass(frozen=True)
class Extract:
    """The text of a document.

    Attributes:
        pages: Where each page begins in it, in characters; empty when there are none.
    """

    text: str
    pages: tuple[int, ...] = ()


@dataclass(frozen=True)
class Chunk:
    """A stretch of a text that is found as one.

    Attributes:
        start: Where it begins in the text, in characters.
        meta: What a citation shows beside it: `page`, from 0, and headings.
    """

    text: str
    start: int
    meta: dict[str, Any] = field(default_factory=dict)


class Extractor(Protocol):
    """Finds the text in files."""

    def extract(self, path: Path, filename: str, content_type: str) -> Extract:
        """Read a document.

        Args:
            content_type: As it was found in the bytes.

        Raises:
            Invalid: It is broken, or of a kind that has no text; the message says so.
            Unavailable: A server that does it does not answer.
        """


class Splitter(Protocol):
    """Cuts texts into chunks."""

    def split(self, extract: Extract) -> list[Chunk]:
        """Cut a text, by CHUNK_SIZE and CHUNK_OVERLAP; nothing but blanks is left out."""


class Engine(Protocol):
    """Turns texts into vectors.

    Attributes:
        name: Engine and model; vectors of different names must not be compared.
    """

    name: str

    def embed(self, texts: Sequence[str], is_query: bool = False) -> "Vectors":
        """Give the vectors of some texts, (n, dim), float32, each of unit length.

        Args:
            texts: As many as there are; the engine divides them as it likes.
            is_query: Whether they are questions, for models that tell the two apart.

        Raises:
            Unavailable: The engine does not answer right now, or is not installed.
        """
