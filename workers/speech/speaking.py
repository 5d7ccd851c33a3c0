"""The job that says a text. Every piece of sound goes into the storage at once, where who waits for
it takes it from while the next one is made; the finished clip is kept for its user.
"""

from typing import Any

from shared import db
from shared.ids import now_s
from shared.kinds.speech import ListVoices, Speak
from shared.models.job import COMPLETED
from shared.models.speech import SpeechClip
from shared.services import indexing, speech
from shared.storage import Missing, get_storage
from workers.inference.chat import owner_of
from workers.live import Running
from workers.speech.base import Script
from workers.speech.speakers import get_speaker

# Fewer, larger pieces: each is an object of its own.
_PIECE_BYTES = 16 * 1024
# The first one is small: somebody waits for it.
_FIRST_BYTES = 2 * 1024


class Speaking:
    """Says one text."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, Speak)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload
        with db.reading():
            self._owner = owner_of(job)
        ask = self._ask
        self._script = Script(
            ask.text, ask.voice, ask.speaker, ask.form, ask.speed, ask.instructions
        )
        self._speaker = get_speaker(ask.engine)
        self._pieces = self._size = 0
        self._waiting = bytearray()

    def do(self) -> None:
        """Speak."""
        for attempt in range(1, self._job.claim.attempt):
            self._forget(attempt)
        for sound in self._speaker.say(self._script, self._job.abortable):
            self._job.check()
            self._waiting += sound
            if len(self._waiting) >= (_PIECE_BYTES if self._pieces else _FIRST_BYTES):
                self._put()
        if self._waiting:
            self._put()

    def _put(self) -> None:
        claim = self._job.claim
        upload = get_storage().begin(speech.object_key(claim.id, claim.attempt, self._pieces + 1))
        upload.write(bytes(self._waiting))
        upload.commit()
        self._pieces += 1
        self._size += len(self._waiting)
        self._waiting.clear()
        self._job.writer.emit(
            "progress", {"done": self._pieces, "total": 0, "unit": "pieces", "note": "Speaking"}
        )

    def _forget(self, attempt: int) -> None:
        """Delete what a lost worker has left."""
        number = 1
        while _is_there(key := speech.object_key(self._job.claim.id, attempt, number)):
            get_storage().delete(key)
            number += 1

    def save(self, status: str, error: str | None) -> dict[str, Any]:  # noqa: ARG002 -- the protocol's signature
        """Keep the clip, or nothing of it."""
        claim, ask = self._job.claim, self._ask
        clip = SpeechClip(
            id=claim.id,
            user_id=self._owner.id,
            digest=ask.digest,
            form=ask.form,
            attempt=claim.attempt,
            pieces=self._pieces,
            size_bytes=self._size,
            created_at=now_s(),
        )
        if status == COMPLETED:
            speech.add_clip(clip)
        else:
            indexing.clean_up(objects=list(speech.keys_of(clip)))
        return {"clip": claim.id, "size_bytes": self._size, "content_type": speech.FORMS[ask.form]}


def _is_there(key: str) -> bool:
    try:
        get_storage().size(key)
    except Missing:
        return False
    return True


class VoiceList:
    """Asks the engine what it can speak with."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, ListVoices)  # noqa: S101 -- for the type checker: the kind decides
        self._found: dict[str, Any] = {}

    def do(self) -> None:
        """Ask."""
        speaker = get_speaker(speech.speaker())
        self._found = {"voices": speaker.voices(), "models": speaker.models()}

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give the lists."""
        return self._found
