"""Chunks: pieces of text with their vectors, and the collections that users made of them."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, Seconds, UserText


class Chunk(Base):
    """One piece of a collection. What it belongs to may lie in any table, or in none.

    The migrations keep a full-text index beside it: `chunk_words` on SQLite, `ix_chunk_words` on
    PostgreSQL.
    """

    __tablename__ = "chunk"
    __table_args__ = (
        Index("ix_chunk_place", "collection", "id", unique=True),
        Index("ix_chunk_number", "collection", "number"),
        Index("ix_chunk_file", "collection", "file_id"),
        Index("ix_chunk_digest", "digest", "number"),
    )

    # Grows: who has read up to one number finds what was added later by the ones above.
    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    collection: Mapped[str] = mapped_column(String(255))
    id: Mapped[str] = mapped_column(String(128))
    file_id: Mapped[str | None] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(UserText)
    # Little-endian float32, unit length.
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    # SHA-256 of engine and text, by which a text is not embedded twice; None when `meta` does not
    # name the engine.
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    meta: Mapped[dict[str, Any]]


class Collection(Base):
    """A collection that a user has made of pages or texts: those of files, knowledge bases and
    memories belong to who may have these.
    """

    __tablename__ = "collection"
    __table_args__ = (Index("ix_collection_age", "created_at"),)

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    created_at: Mapped[int] = mapped_column(Seconds)
