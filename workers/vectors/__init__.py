"""The index of vectors that the settings name."""

import logging
from functools import lru_cache

from sqlalchemy.exc import DBAPIError

from shared import db
from shared.config.settings import get_settings
from workers.vectors.base import Index, IndexFailed, Item, Match
from workers.vectors.exact import ExactIndex
from workers.vectors.stored import StoredIndex

__all__ = ["Index", "IndexFailed", "Item", "Match", "get_index"]

log = logging.getLogger(__name__)


def get_index() -> Index:
    """Give the index of this process."""
    return _index(get_settings().vector_db, db.get_engine().dialect.name)


@lru_cache(maxsize=4)
def _index(wanted: str, database: str) -> Index:
    if wanted == "qdrant":
        from workers.vectors import qdrant  # noqa: PLC0415 -- of use to few

        return StoredIndex(qdrant.make())
    if wanted == "pgvector" or (wanted == "auto" and database == "postgresql"):
        return _on_postgres(is_wanted=wanted == "pgvector")
    return ExactIndex()


def _on_postgres(is_wanted: bool) -> Index:
    from workers.vectors.pgvector import PgvectorFinder  # noqa: PLC0415 -- of use to few

    try:
        return StoredIndex(PgvectorFinder())
    except DBAPIError as error:
        if is_wanted or db.is_passing(error):
            raise IndexFailed("The database has no pgvector that can be used.") from error
        log.warning("the database has no pgvector: vectors are compared one by one")
        return ExactIndex()
