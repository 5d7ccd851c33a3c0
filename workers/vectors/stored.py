"""The index: texts and vectors in the database, which also knows their words; a finder beside it
finds the nearest vectors quickly.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, func, insert, select

from shared import db
from shared.errors import Invalid
from shared.models.chunk import Chunk
from shared.services.reindexing import engine_of
from workers.vectors.base import Finder, Item, Match, Place

if TYPE_CHECKING:
    from workers.vectors.base import Vectors

# Databases take so many parameters in one statement.
_AT_ONCE = 500


class StoredIndex:
    """See `Index`."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def put(self, collection: str, items: Sequence[Item]) -> None:
        """See `Index`."""
        for start in range(0, len(items), _AT_ONCE):
            batch = items[start : start + _AT_ONCE]
            with db.reading():
                _check_sizes(collection, batch)
            self._finder.put(collection, batch)
            with db.transaction() as session:
                # One after the other, so that numbers become visible in their order.
                db.lock_for_update(f"collection {collection}")
                _check_sizes(collection, batch)
                _delete(collection, [item.id for item in batch])
                session.execute(insert(Chunk), [_row(collection, item) for item in batch])

    def replace(self, collection: str, items: Sequence[Item]) -> None:
        """See `Index`."""
        ids = [item.id for item in items]
        self._finder.delete(collection, ids)
        self._finder.put(collection, items)
        with db.transaction() as session:
            db.lock_for_update(f"collection {collection}")
            for start in range(0, len(items), _AT_ONCE):
                _delete(collection, ids[start : start + _AT_ONCE])
                batch = items[start : start + _AT_ONCE]
                session.execute(insert(Chunk), [_row(collection, item) for item in batch])

    def ids(self, collection: str, file_id: str | None = None) -> list[str]:
        """See `Index`."""
        with db.reading() as session:
            query = select(Chunk.id).where(*where([collection], file_id))
            return list(session.scalars(query.order_by(Chunk.id)))

    def get(self, collection: str, ids: Sequence[str]) -> list[Item]:
        """See `Index`."""
        found = {item.id: item for _, item in _rows((collection, one) for one in ids)}
        return [found[item_id] for item_id in ids if item_id in found]

    def known(self, engine: str, texts: Iterable[str]) -> "dict[str, Vectors]":
        """See `Index`."""
        of = {_digest(engine, text): text for text in texts}
        digests = list(of)
        found: dict[str, Vectors] = {}
        with db.reading() as session:
            for start in range(0, len(digests), _AT_ONCE):
                some = Chunk.digest.in_(digests[start : start + _AT_ONCE])
                # Copies of a text may stand in a thousand collections: one of each will do.
                one_each = select(func.max(Chunk.number)).where(some).group_by(Chunk.digest)
                query = select(Chunk.digest, Chunk.vector).where(Chunk.number.in_(one_each))
                for digest, vector in session.execute(query):
                    found[of[bytes(digest or b"")]] = vectors(vector)
        return found

    def search(
        self, collections: Sequence[str], vector: "Vectors", limit: int, file_id: str | None = None
    ) -> list[Match]:
        """See `Index`."""
        places = self._finder.search(collections, vector, limit, file_id)
        return matches(places)

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """See `Index`."""
        for start in range(0, len(ids), _AT_ONCE):
            with db.transaction():
                _delete(collection, ids[start : start + _AT_ONCE])
        self._finder.delete(collection, ids)

    def delete_file(self, collection: str, file_id: str) -> None:
        """See `Index`."""
        self.delete(collection, self.ids(collection, file_id))

    def drop(self, collection: str) -> None:
        """See `Index`."""
        with db.transaction() as session:
            session.execute(delete(Chunk).where(Chunk.collection == collection))
        self._finder.drop(collection)

    def reset(self) -> None:
        """See `Index`."""
        with db.transaction() as session:
            session.execute(delete(Chunk))
        self._finder.drop(None)


def where(collections: Sequence[str], file_id: str | None) -> list[ColumnElement[bool]]:
    """Write the condition for chunks of some collections, of one file when it is named."""
    of_file = [] if file_id is None else [Chunk.file_id == file_id]
    return [Chunk.collection.in_(collections), *of_file]


def matches(places: Sequence[Place]) -> list[Match]:
    """Give what stands at some places, in their order; what is gone is left out."""
    rows = dict(_rows((place.collection, place.id) for place in places))
    found = [(rows.get((place.collection, place.id)), place.score) for place in places]
    return [Match(item.id, item.text, item.meta, score) for item, score in found if item]


def vectors(raw: bytes) -> "Vectors":
    """Read stored numbers."""
    import numpy as np  # noqa: PLC0415 -- of use to jobs of retrieval only

    return np.frombuffer(raw, np.float32)


def _rows(places: Any) -> list[tuple[tuple[str, str], Item]]:
    of: dict[str, list[str]] = {}
    for collection, item_id in places:
        of.setdefault(collection, []).append(item_id)
    found = []
    with db.reading() as session:
        for collection, ids in of.items():
            for start in range(0, len(ids), _AT_ONCE):
                query = select(Chunk.id, Chunk.text, Chunk.vector, Chunk.meta).where(
                    Chunk.collection == collection, Chunk.id.in_(ids[start : start + _AT_ONCE])
                )
                found += [
                    ((collection, item_id), Item(item_id, text, vectors(vector), meta))
                    for item_id, text, vector, meta in session.execute(query)
                ]
    return found


def _check_sizes(collection: str, items: Sequence[Item]) -> None:
    sizes = {item.vector.nbytes for item in items}
    here = select(Chunk.vector).where(Chunk.collection == collection).limit(1)
    if (one := db.session().scalar(here)) is not None:
        sizes.add(len(one))
    if len(sizes) > 1:
        raise Invalid(f"The vectors in '{collection}' were made by another model.")


def _delete(collection: str, ids: Sequence[str]) -> None:
    db.session().execute(delete(Chunk).where(Chunk.collection == collection, Chunk.id.in_(ids)))


def _row(collection: str, item: Item) -> dict[str, Any]:
    engine = engine_of(item.meta)
    return {
        "collection": collection,
        "id": item.id,
        "file_id": item.meta.get("file_id"),
        "text": item.text,
        "vector": item.vector.tobytes(),
        "meta": item.meta,
        "digest": None if engine is None else _digest(engine, item.text),
    }


def _digest(engine: str, text: str) -> bytes:
    return hashlib.sha256(f"{engine}\n{text}".encode("utf-8", "surrogatepass")).digest()
