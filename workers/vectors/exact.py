"""Vectors of the database, kept in the memory of those who search and each compared with the
question: exact for some ten thousand. Larger collections are kept as a byte a number; the best by
these are compared again by their full numbers.
"""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from shared import db
from shared.models.chunk import Chunk
from workers.vectors.base import Item, Place
from workers.vectors.stored import StoredIndex, vectors, where

if TYPE_CHECKING:
    from workers.vectors.base import Vectors

# From so many vectors on a byte a number has to do.
_LARGE = 20_000
_MEMORY_BYTES = 256 * 1024 * 1024
# So many of the best by bytes are compared again: in multiples of what is asked for, and more.
_SPARE, _MORE = 3, 40
# Counting a large collection costs as much as searching in it: what was taken away from one is
# noticed so late. Nobody sees it meanwhile, because what is found is read from the database.
_COUNTED_S = 2.0


class ExactIndex(StoredIndex):
    """The index without anything beside the database."""

    def __init__(self) -> None:
        super().__init__(ExactFinder())


class ExactFinder:
    """See `Finder`. Reads what it needs from the database, and what was added since."""

    def __init__(self) -> None:
        self._shelves: dict[str, _Shelf] = {}
        self._lock = threading.Lock()

    def put(self, collection: str, items: Sequence[Item]) -> None:
        """Do nothing: it is found in the database."""

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Do nothing: it is missed in the database."""

    def drop(self, collection: str | None) -> None:
        """Let go of a collection."""
        with self._lock:
            for name in list(self._shelves) if collection is None else [collection]:
                self._shelves.pop(name, None)

    def search(
        self, collections: Sequence[str], vector: "Vectors", limit: int, file_id: str | None
    ) -> list[Place]:
        """See `Finder`."""
        found: list[Place] = []
        with self._lock, db.reading():
            for collection in collections:
                shelf = self._shelf(collection) if file_id is None else _Shelf(collection, file_id)
                shelf.refresh()
                found += shelf.nearest(vector, limit)
            self._make_room()
        return sorted(found, key=lambda place: -place.score)[:limit]

    def _shelf(self, collection: str) -> "_Shelf":
        """Give what is kept of a collection; the last one that was used stands last."""
        shelf = self._shelves.pop(collection, None) or _Shelf(collection)
        self._shelves[collection] = shelf
        return shelf

    def _make_room(self) -> None:
        size = sum(shelf.size_bytes for shelf in self._shelves.values())
        for name in list(self._shelves)[:-1]:
            if size <= _MEMORY_BYTES:
                return
            size -= self._shelves.pop(name).size_bytes


class _Shelf:
    """The vectors of one collection, as far as they were read."""

    def __init__(self, collection: str, file_id: str | None = None) -> None:
        self._where = where([collection], file_id)
        self._collection = collection
        self._clear()

    def _clear(self) -> None:
        self._ids: list[str] = []
        self._matrix: Any = None
        self._newest = 0
        self._counted_at = 0.0
        self._scale = 0.0

    @property
    def size_bytes(self) -> int:
        """How much memory the vectors take."""
        return 0 if self._matrix is None else int(self._matrix.nbytes)

    def refresh(self) -> None:
        """Read what was added; all of it when something was taken away."""
        newest = db.session().scalar(select(func.max(Chunk.number)).where(*self._where)) or 0
        if newest == self._newest and self._was_just_counted():
            return
        count = db.session().scalar(select(func.count()).where(*self._where))
        self._counted_at = time.monotonic()
        if newest == self._newest and count == len(self._ids):
            return
        added = self._above()
        if len(self._ids) + len(added) != count:
            self._clear()
            added = self._above()
        self._add(added)

    def _was_just_counted(self) -> bool:
        return bool(self._scale) and time.monotonic() - self._counted_at < _COUNTED_S

    def _above(self) -> Sequence[Any]:
        """Read what came after what is here."""
        query = select(Chunk.number, Chunk.id, Chunk.vector).where(
            *self._where, Chunk.number > self._newest
        )
        return db.session().execute(query.order_by(Chunk.number)).all()

    def _add(self, rows: Sequence[Any]) -> None:
        import numpy as np  # noqa: PLC0415 -- heavy

        if not rows:
            return
        added = vectors(b"".join(row.vector for row in rows)).reshape(len(rows), -1)
        self._ids += [row.id for row in rows]
        self._newest = rows[-1].number
        if self._matrix is None:
            self._matrix = added
        else:
            self._matrix = np.vstack([self._matrix, self._as_kept(added)])
        if not self._scale and len(self._ids) > _LARGE:
            self._scale = 127 / float(np.abs(self._matrix).max())
            self._matrix = self._as_kept(self._matrix)

    def _as_kept(self, some: Any) -> Any:
        import numpy as np  # noqa: PLC0415 -- heavy

        if not self._scale:
            return some
        return np.clip(np.rint(some * self._scale), -127, 127).astype(np.int8)

    def nearest(self, vector: "Vectors", limit: int) -> list[Place]:
        """Find the nearest; none when the vectors have another length."""
        if self._matrix is None or self._matrix.shape[1] != len(vector):
            return []
        scored = self._by_bytes(vector, limit) if self._scale else self._by_all(vector, limit)
        return [Place(self._collection, item_id, score) for item_id, score in scored]

    def _by_all(self, vector: "Vectors", limit: int) -> list[tuple[str, float]]:
        scores = self._matrix @ vector
        order = (-scores).argsort(kind="stable")[:limit]
        return [(self._ids[n], float(scores[n])) for n in order]

    def _by_bytes(self, vector: "Vectors", limit: int) -> list[tuple[str, float]]:
        from usearch.compiled import MetricKind  # noqa: PLC0415 -- of use to large ones only
        from usearch.index import search  # noqa: PLC0415 -- the same

        count = min(len(self._ids), limit * _SPARE + _MORE)
        question = self._as_kept(vector)
        near = search(self._matrix, question, count, metric=MetricKind.IP, exact=True, threads=1)
        ids = [self._ids[int(n)] for n in near.keys]
        query = select(Chunk.id, Chunk.vector).where(*self._where, Chunk.id.in_(ids))
        exact = [
            (item_id, float(vectors(raw) @ vector)) for item_id, raw in db.session().execute(query)
        ]
        return sorted(exact, key=lambda one: -one[1])[:limit]
