"""Vectors in PostgreSQL's extension pgvector, with an HNSW index for each length of vectors.

Source: https://github.com/pgvector/pgvector (README: "HNSW", "Filtering", "Iterative Index Scans")
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import TextClause, bindparam, text

from shared import db
from workers.vectors.base import Item, Place

if TYPE_CHECKING:
    from workers.vectors.base import Vectors

# What its HNSW index takes; longer vectors are compared one by one.
_MOST_INDEXED = 2000

_SETUP = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    "CREATE TABLE IF NOT EXISTS chunk_vector (collection text NOT NULL, id text NOT NULL, "
    "file_id text, dim int NOT NULL, vector vector NOT NULL, PRIMARY KEY (collection, id))",
)
_PUT = text(
    "INSERT INTO chunk_vector (collection, id, file_id, dim, vector) "
    "VALUES (:collection, :id, :file_id, :dim, CAST(:vector AS vector)) "
    "ON CONFLICT (collection, id) DO UPDATE SET file_id = excluded.file_id, dim = excluded.dim, "
    "vector = excluded.vector"
)
_DELETE = text("DELETE FROM chunk_vector WHERE collection = :collection AND id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)
_DROP = text("DELETE FROM chunk_vector WHERE collection = :collection")
_DROP_ALL = text("DELETE FROM chunk_vector")
# Goes on until enough are found that are of the collections that are searched.
_MANNER = text(
    "SELECT set_config('hnsw.iterative_scan', 'strict_order', true), "
    "set_config('hnsw.ef_search', :breadth, true)"
)
_AT_ONCE = 500
_FEW = 5000
_COUNTED_S = 60.0


class PgvectorFinder:
    """See `Finder`. Makes what it needs in the database when it is made.

    Raises:
        DBAPIError: The database has no pgvector, or this account may not switch it on.
    """

    def __init__(self) -> None:
        self._indexed: set[int] = set()
        # What was found to be many, until when that is taken for granted.
        self._many: dict[tuple[Any, ...], float] = {}
        with db.transaction() as session:
            db.lock_for_update("chunk_vector")
            for statement in _SETUP:
                session.execute(text(statement))

    def put(self, collection: str, items: Sequence[Item]) -> None:
        """See `Finder`."""
        rows = [_row(collection, item) for item in items]
        with db.transaction() as session:
            for dim in {row["dim"] for row in rows} - self._indexed:
                self._index(dim)
            session.execute(_PUT, rows)

    def _index(self, dim: int) -> None:
        """Make the index for vectors of a length, unless somebody has."""
        if dim <= _MOST_INDEXED:
            db.lock_for_update("chunk_vector")
            db.session().execute(
                text(
                    f"CREATE INDEX IF NOT EXISTS chunk_vector_{dim} ON chunk_vector USING hnsw "
                    f"((vector::vector({dim})) vector_cosine_ops) WHERE dim = {dim}"
                )
            )
        self._indexed.add(dim)

    def search(
        self, collections: Sequence[str], vector: "Vectors", limit: int, file_id: str | None
    ) -> list[Place]:
        """See `Finder`."""
        dim, of_file = len(vector), "" if file_id is None else "AND file_id = :file_id"
        near = f"vector::vector({dim}) <=> CAST(:vector AS vector({dim}))"
        chosen = f"FROM chunk_vector WHERE dim = {dim} AND collection IN :collections {of_file}"
        count = f"SELECT count(*) FROM (SELECT 1 {chosen} LIMIT {_FEW + 1}) seen"  # noqa: S608 -- numbers and names of ours
        # The index may miss a few among many others: few are compared one by one.
        mine = f"WITH mine AS MATERIALIZED (SELECT collection, id, vector {chosen})"
        few = f"{mine} SELECT collection, id, 1 - ({near}) FROM mine ORDER BY {near} LIMIT :limit"  # noqa: S608 -- the same
        many = f"SELECT collection, id, 1 - ({near}) {chosen} ORDER BY {near} LIMIT :limit"
        where: dict[str, Any] = {"collections": list(collections)}
        where |= {"file_id": file_id} if file_id else {}
        given = where | {"vector": _written(vector), "limit": limit}
        with db.transaction() as session:
            session.execute(_MANNER, {"breadth": str(min(max(limit * 2, 64), 1000))})
            are_many = self._are_many(_expanded(count), where, dim)
            rows = session.execute(_expanded(many if are_many else few), given).all()
        return [Place(collection, item_id, float(score)) for collection, item_id, score in rows]

    def _are_many(self, count: TextClause, where: dict[str, Any], dim: int) -> bool:
        """Count, unless they were many a moment ago: counting takes as long as searching."""
        key = (dim, where.get("file_id"), *where["collections"])
        now = time.monotonic()
        if self._many.get(key, 0.0) > now:
            return True
        are_many = bool(db.session().execute(count, where).scalar_one() > _FEW)
        if are_many:
            self._many = {known: until for known, until in self._many.items() if until > now}
            self._many[key] = now + _COUNTED_S
        return are_many

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """See `Finder`."""
        for start in range(0, len(ids), _AT_ONCE):
            some = {"collection": collection, "ids": list(ids[start : start + _AT_ONCE])}
            with db.transaction() as session:
                session.execute(_DELETE, some)

    def drop(self, collection: str | None) -> None:
        """See `Finder`."""
        with db.transaction() as session:
            if collection is None:
                session.execute(_DROP_ALL)
            else:
                session.execute(_DROP, {"collection": collection})


def _expanded(query: str) -> TextClause:
    return text(query).bindparams(bindparam("collections", expanding=True))


def _row(collection: str, item: Item) -> dict[str, Any]:
    return {
        "collection": collection,
        "id": item.id,
        "file_id": item.meta.get("file_id"),
        "dim": len(item.vector),
        "vector": _written(item.vector),
    }


def _written(vector: "Vectors") -> str:
    return "[" + ",".join(f"{number:.7g}" for number in vector.tolist()) + "]"
