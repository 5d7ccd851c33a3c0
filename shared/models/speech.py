"""What was made of speech: texts piece by piece while a job listens, and clips that were spoken."""

from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, JSONColumn, Seconds


class TranscriptPiece(Base):
    """A stretch of a recording that a running job has heard; its successor goes on behind it."""

    __tablename__ = "transcript_piece"

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    end_s: Mapped[float] = mapped_column(Float)
    language: Mapped[str] = mapped_column(String(64))
    # Segments, each with `start`, `end`, `text`, and `words` where the engine tells them.
    segments: Mapped[list[Any]] = mapped_column(JSONColumn)


class SpeechClip(Base):
    """A text that was spoken for a user, and is not spoken anew when the same user asks again."""

    __tablename__ = "speech_clip"
    __table_args__ = (Index("ix_speech_clip_digest", "user_id", "digest"),)

    # That of the job that made it.
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
    form: Mapped[str] = mapped_column(String(16))
    # Its objects in the storage are named by these two.
    attempt: Mapped[int] = mapped_column(Integer)
    pieces: Mapped[int] = mapped_column(Integer)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[int] = mapped_column(Seconds)
