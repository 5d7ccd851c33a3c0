"""Chunks: pieces of text with their vectors, where the database itself is the index."""

from typing import Any

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, UserText


class Chunk(Base):
    """One piece of a collection. What it belongs to may lie in any table, or in none."""

    __tablename__ = "chunk"
    __table_args__ = (Index("ix_chunk_file", "collection", "file_id"),)

    collection: Mapped[str] = mapped_column(String(255), primary_key=True)
    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    file_id: Mapped[str | None] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(UserText)
    # Little-endian float32, unit length.
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    meta: Mapped[dict[str, Any]]
