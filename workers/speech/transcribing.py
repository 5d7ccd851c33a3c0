"""The job that writes down what is said: piece by piece, and what it has heard is kept, so that its
successor goes on where it was.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from shared import db
from shared.errors import NotFound
from shared.kinds.speech import Transcribe
from shared.models.file import File
from shared.models.job import COMPLETED
from shared.models.speech import TranscriptPiece
from shared.services import files, speech
from shared.storage import get_storage
from workers.abandoning import abandonable
from workers.giving_way import Turn
from workers.inference.chat import owner_of
from workers.live import Running
from workers.speech import media
from workers.speech.base import Heard, Manner, Sound
from workers.speech.cutting import cut
from workers.speech.listeners import get_listener

# Of where a kept piece ends and where the same piece ends now, in seconds.
_ALIKE_S = 0.01


class Transcription:
    """Writes down one recording."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, Transcribe)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload
        with db.reading():
            self._file = _recording(job, job.payload.file_id)
            self._kept = _kept(job.claim.id)
        self._engine, self._is_local = get_listener(), speech.listener() == speech.LOCAL
        ask = self._ask
        self._manner = Manner(ask.language, ask.hint, ask.to_english, ask.wants_words)
        self._segments: list[dict[str, Any]] = []
        self._text = self._language = ""
        self._end_s = 0.0

    def do(self) -> None:
        """Listen, and tell what is heard."""
        with get_storage().as_file(self._file.key) as path:
            self._listen(path)

    def _listen(self, path: Path) -> None:
        total_s = media.length_s(path)
        turn = Turn(self._job)
        for number, sound in enumerate(cut(media.samples_of(path), self._engine.longest_s)):
            self._job.check()
            heard = self._remembered(number, sound)
            if heard is None:
                turn.give_way()
                heard = self._heard(number, sound)
            self._take(heard)
            self._end_s = sound.end_s
            self._tell(max(total_s, sound.end_s))

    def _remembered(self, number: int, sound: Sound) -> Heard | None:
        piece = self._kept.get(number)
        if piece is None or abs(piece.end_s - sound.end_s) > _ALIKE_S:
            return None
        return Heard(piece.segments, piece.language)

    def _heard(self, number: int, sound: Sound) -> Heard:
        heard = self._hear(sound)
        piece = TranscriptPiece(
            job_id=self._job.claim.id,
            number=number,
            end_s=sound.end_s,
            language=heard.language[:64],
            segments=heard.segments,
        )
        with db.transaction() as session:
            session.merge(piece)
        return heard

    def _hear(self, sound: Sound) -> Heard:
        """Listen to one piece. A service may take its time, and is not waited for by a job that is
        to end; the local engine is soon done, and may not be called twice at once.
        """
        if self._is_local:
            return self._engine.hear(sound, self._manner)
        return abandonable(self._job, lambda: self._engine.hear(sound, self._manner))

    def _take(self, heard: Heard) -> None:
        words = " ".join(segment["text"] for segment in heard.segments)
        self._segments += heard.segments
        self._language = self._language or heard.language
        if words:
            piece = f" {words}" if self._text else words
            self._text += piece
            self._job.writer.text(piece)

    def _tell(self, total_s: float) -> None:
        done = {"done": round(self._end_s, 1), "total": round(total_s, 1)}
        self._job.writer.emit("progress", {**done, "unit": "s", "note": "Listening"})

    def save(self, status: str, error: str | None) -> dict[str, Any]:  # noqa: ARG002 -- the protocol's signature
        """Give what was heard. The recording goes when it was heard to its end; until then it is
        needed to try again.
        """
        session = db.session()
        session.execute(delete(TranscriptPiece).where(TranscriptPiece.job_id == self._job.claim.id))
        file = session.get(File, self._ask.file_id)
        if file is not None and status == COMPLETED:
            files.remove([file])
        return {
            "text": self._text,
            "task": "translate" if self._ask.to_english else "transcribe",
            "language": self._language,
            "duration": round(self._end_s, 2),
            "segments": self._segments,
            "filename": self._file.filename,
        }


def _recording(job: Running, file_id: str) -> File:
    try:
        return files.find(owner_of(job), file_id)
    except NotFound:
        raise NotFound("The recording was deleted.") from None


def _kept(job_id: str) -> dict[int, TranscriptPiece]:
    """Load what earlier attempts have heard."""
    query = select(TranscriptPiece).where(TranscriptPiece.job_id == job_id)
    return {piece.number: piece for piece in db.session().scalars(query)}
