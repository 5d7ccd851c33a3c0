"""What an index of vectors can do: items in named collections, found by nearness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from shared.errors import Unavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    # One or several vectors, float32, of unit length: (dim,) or (n, dim).
    Vectors = NDArray[np.float32]


class IndexFailed(Unavailable):
    """The vector index does not answer, or refuses; the operators find the details in the log."""


@dataclass(frozen=True)
class Item:
    """A piece of text with its vector.

    Attributes:
        id: Known only inside its collection, up to 128 characters.
        meta: JSON; `file_id` is the key by which the items of one file are found.
    """

    id: str
    text: str
    vector: "Vectors"
    meta: dict[str, Any]


@dataclass(frozen=True)
class Match:
    """An item that was found; `score` is cosine similarity, -1 to 1, higher is nearer."""

    id: str
    text: str
    meta: dict[str, Any]
    score: float


@dataclass(frozen=True)
class Place:
    """Where a vector stands, and how near it is: cosine similarity, -1 to 1."""

    collection: str
    id: str
    score: float


class Index(Protocol):
    """Collections of items. A collection exists as long as it has items; names have up to 255
    characters. May be used by several processes at once.
    """

    def put(self, collection: str, items: Sequence[Item]) -> None:
        """Add items; those with the same ids are replaced.

        Raises:
            Invalid: Their vectors have another length than those that are there.
            IndexFailed: They cannot be kept right now.
        """

    def replace(self, collection: str, items: Sequence[Item]) -> None:
        """Let all items of a collection take the places of those with their ids, whatever the
        length of these vectors was; readers see all of the old ones or all of the new ones.

        Raises:
            IndexFailed: They cannot be kept right now.
        """

    def ids(self, collection: str, file_id: str | None = None) -> list[str]:
        """List the ids in a collection, of one file when that is named; empty if there is none."""

    def get(self, collection: str, ids: Sequence[str]) -> list[Item]:
        """Give items with their vectors; those that are not there are left out."""

    def known(self, engine: str, texts: Iterable[str]) -> "dict[str, Vectors]":
        """Give the vectors that an engine has made of texts, in whatever collection; those that
        have none are left out.
        """

    def search(
        self, collections: Sequence[str], vector: "Vectors", limit: int, file_id: str | None = None
    ) -> list[Match]:
        """Find the items nearest to a vector, over several collections; nearest first.

        Args:
            vector: (dim,). Collections with vectors of another length find nothing.
            limit: At most this many matches.
            file_id: Only among those of one file, when it is named.
        """

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Delete items; harmless when they are not there."""

    def delete_file(self, collection: str, file_id: str) -> None:
        """Delete the items of one file; harmless when there are none."""

    def drop(self, collection: str) -> None:
        """Delete a collection; harmless when there is none."""

    def reset(self) -> None:
        """Delete all collections."""


class Finder(Protocol):
    """Finds the nearest of many vectors. The texts stand in the database, and what is in a finder
    but not there is never shown: it may be behind, but not ahead.
    """

    def put(self, collection: str, items: Sequence[Item]) -> None:
        """Add vectors before their items become visible; those with the same ids are replaced.

        Raises:
            IndexFailed: They cannot be kept right now.
        """

    def search(
        self, collections: Sequence[str], vector: "Vectors", limit: int, file_id: str | None
    ) -> list[Place]:
        """Find the vectors nearest to one, as `Index.search`; nearest first."""

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Forget vectors."""

    def drop(self, collection: str | None) -> None:
        """Forget a collection; all of them when none is named."""
