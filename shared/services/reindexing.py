"""Noticing that the embedding model has changed: vectors of two models say nothing beside each
other, so everything is made searchable anew.
"""

from typing import Any

import orjson
from sqlalchemy import select

from shared import db
from shared.config.options import option
from shared.config.settings import get_settings
from shared.ids import now_s
from shared.models.chunk import Chunk
from shared.models.option import OptionRow
from shared.services import accounts, indexing

# What decides which vectors can be compared.
DECISIVE = frozenset({"RAG_EMBEDDING_ENGINE", "RAG_EMBEDDING_MODEL"})
# It stands among the options, and is none: nobody chooses it.
_NOTE = "search.engine"


def engine_name() -> str:
    """Name the engine of now, as vectors are marked with it, without starting it. What stands
    before each text makes other vectors of it, so it belongs to the name.
    """
    settings = get_settings()
    name = f"{option('RAG_EMBEDDING_ENGINE') or 'local'}/{option('RAG_EMBEDDING_MODEL')}"
    if prefix := settings.rag_embedding_content_prefix:
        place = settings.rag_embedding_prefix_field_name or "text"
        return f"{name} with {place} {prefix}"
    return name


def order_if_changed() -> str | None:
    """Order the job that makes everything searchable anew, once for each change of the engine:
    by an admin, or by the environment of a start.

    Returns:
        The job's id; None when nothing has changed.
    """
    name = engine_name()
    with db.transaction() as session:
        db.lock_for_update(_NOTE)
        note = session.get(OptionRow, _NOTE)
        before = note.value if note is not None else _engine_of_chunks() or name
        if note is None or before != name:
            session.merge(OptionRow(key=_NOTE, value=name, updated_at=now_s()))
        admin = accounts.first_admin()
        if before == name or admin is None:
            return None
        return indexing.reindex(admin.id)


def _engine_of_chunks() -> str | None:
    """Name the engine of what was indexed before there was a note; None when there is nothing."""
    one = select(Chunk.meta).where(Chunk.file_id.is_not(None)).limit(1)
    return engine_of(db.session().scalar(one) or {})


def engine_of(meta: dict[str, Any]) -> str | None:
    """Name the engine that has made the vector of a chunk; None when it does not say so."""
    config = meta.get("embedding_config")
    if config is None:
        return None
    made = orjson.loads(config)
    return f"{made.get('engine')}/{made.get('model')}"


def mark_of(engine: str) -> str:
    """Write what chunks tell of the engine of their vectors, as `embedding_config`."""
    kind, _, model = engine.partition("/")
    return orjson.dumps({"engine": kind, "model": model}).decode()
