"""Whole texts, for models that are to read all of it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import undefer

from shared import db
from shared.models.chunk import Chunk
from shared.models.file import File
from shared.models.knowledge import Knowledge, KnowledgeFile
from shared.services import indexing

_FILE = indexing.collection_of("")


def found_in(collections: list[str]) -> dict[str, Any]:
    """Give all that stands in some collections, in the form of what a search finds."""
    texts: list[tuple[str, dict[str, Any]]] = []
    with db.reading():
        for name in collections:
            texts += _texts(name)
    return {"documents": [[text for text, _ in texts]], "metadatas": [[meta for _, meta in texts]]}


def _texts(collection: str) -> list[tuple[str, dict[str, Any]]]:
    session = db.session()
    query = select(File).options(undefer(File.content))
    if collection.startswith(_FILE):
        query = query.where(File.id == collection.removeprefix(_FILE))
    elif session.get(Knowledge, collection) is not None:
        query = query.join(KnowledgeFile, KnowledgeFile.file_id == File.id)
        query = query.where(KnowledgeFile.knowledge_id == collection)
    else:
        chunks = select(Chunk.text, Chunk.meta).where(Chunk.collection == collection)
        return [(text, meta) for text, meta in session.execute(chunks.order_by(Chunk.number))]
    return [(file.content or "", _meta(file)) for file in session.scalars(query) if file.content]


def _meta(file: File) -> dict[str, Any]:
    return {"file_id": file.id, "name": file.filename, "source": file.filename}
