"""Vectors in the database itself, each compared with the question: exact, and quick enough for some
ten thousand.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, delete, insert, select

from shared import db
from shared.errors import Invalid
from shared.models.chunk import Chunk
from workers.vectors.base import Item, Match

if TYPE_CHECKING:
    from workers.vectors.base import Vectors

# Databases take so many parameters in one statement.
_AT_ONCE = 500


class ExactIndex:
    """See `Index`."""

    def put(self, collection: str, items: Sequence[Item]) -> None:
        """See `Index`."""
        for start in range(0, len(items), _AT_ONCE):
            with db.transaction():
                self._put(collection, items[start : start + _AT_ONCE])

    def _put(self, collection: str, items: Sequence[Item]) -> None:
        sizes = {item.vector.nbytes for item in items}
        here = select(Chunk.vector).where(Chunk.collection == collection).limit(1)
        if (one := db.session().scalar(here)) is not None:
            sizes.add(len(one))
        if len(sizes) > 1:
            raise Invalid(f"The vectors in '{collection}' were made by another model.")
        self.delete(collection, [item.id for item in items])
        db.session().execute(insert(Chunk), [_row(collection, item) for item in items])

    def ids(self, collection: str, file_id: str | None = None) -> list[str]:
        """See `Index`."""
        with db.reading() as session:
            query = select(Chunk.id).where(*_where([collection], file_id))
            return list(session.scalars(query.order_by(Chunk.id)))

    def get(self, collection: str, ids: Sequence[str]) -> list[Item]:
        """See `Index`."""
        found: dict[str, Item] = {}
        for start in range(0, len(ids), _AT_ONCE):
            with db.reading() as session:
                query = select(Chunk.id, Chunk.text, Chunk.vector, Chunk.meta).where(
                    Chunk.collection == collection, Chunk.id.in_(ids[start : start + _AT_ONCE])
                )
                for item_id, text, vector, meta in session.execute(query):
                    found[item_id] = Item(item_id, text, _vectors(vector), meta)
        return [found[item_id] for item_id in ids if item_id in found]

    def search(
        self, collections: Sequence[str], vector: "Vectors", limit: int, file_id: str | None = None
    ) -> list[Match]:
        """See `Index`."""
        with db.reading() as session:
            query = select(Chunk.collection, Chunk.id, Chunk.vector)
            rows = session.execute(query.where(*_where(collections, file_id))).all()
            alike = [row for row in rows if len(row.vector) == vector.nbytes]
            best = _nearest(alike, vector, limit)
            return [_match(place, score) for place, score in best]

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """See `Index`."""
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            with db.transaction() as session:
                session.execute(
                    delete(Chunk).where(Chunk.collection == collection, Chunk.id.in_(some))
                )

    def delete_file(self, collection: str, file_id: str) -> None:
        """See `Index`."""
        with db.transaction() as session:
            session.execute(delete(Chunk).where(*_where([collection], file_id)))

    def drop(self, collection: str) -> None:
        """See `Index`."""
        with db.transaction() as session:
            session.execute(delete(Chunk).where(Chunk.collection == collection))

    def reset(self) -> None:
        """See `Index`."""
        with db.transaction() as session:
            session.execute(delete(Chunk))


def _where(collections: Sequence[str], file_id: str | None) -> list[ColumnElement[bool]]:
    of_file = [] if file_id is None else [Chunk.file_id == file_id]
    return [Chunk.collection.in_(collections), *of_file]


def _row(collection: str, item: Item) -> dict[str, Any]:
    return {
        "collection": collection,
        "id": item.id,
        "file_id": item.meta.get("file_id"),
        "text": item.text,
        "vector": item.vector.tobytes(),
        "meta": item.meta,
    }


def _vectors(raw: bytes) -> "Vectors":
    import numpy as np  # noqa: PLC0415 -- of use to jobs of retrieval only

    return np.frombuffer(raw, np.float32)


def _nearest(
    rows: Sequence[Row[str, str, bytes]], vector: "Vectors", limit: int
) -> list[tuple[tuple[str, str], float]]:
    if not rows:
        return []
    matrix = _vectors(b"".join(row.vector for row in rows)).reshape(len(rows), -1)
    scores = matrix @ vector
    order = (-scores).argsort(kind="stable")[:limit]
    return [((rows[n].collection, rows[n].id), float(scores[n])) for n in order]


def _match(place: tuple[str, str], score: float) -> Match:
    chunk = db.session().get_one(Chunk, place)
    return Match(chunk.id, chunk.text, chunk.meta, score)
