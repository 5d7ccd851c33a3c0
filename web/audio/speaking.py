"""Sound that is sent while it is made, and sound that was made before."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing

import orjson
from flask import Response

from shared import db
from shared.errors import SwitchyardError, Unavailable, UpstreamFailed
from shared.ids import new_id
from shared.models.speech import SpeechClip
from shared.queue import Subject
from shared.services import jobs, permissions, speech
from shared.services.accounts import Principal
from shared.services.speech import Wish
from shared.storage import Missing, get_storage
from web.auth import Permit
from web.completions import problems
from web.stream import sse
from web.stream.hub import Follow, ending_of

_TICK_S = 1.0
# A voice that says nothing for so long says nothing at all.
_PATIENCE_S = 120.0


def spoken(user: Principal, wish: Wish) -> Response:
    """Answer with a text as sound: a clip of before, or piece by piece from the worker that speaks.

    Raises:
        Forbidden: The user may not have texts spoken.
        Invalid: No engine is configured.
        UpstreamFailed: The job failed before the first sound.
        Busy: Too many of the user's jobs wait.
    """
    with db.reading():
        permissions.require(user, "chat", "tts")
        spec, payload = speech.order(wish)
        clip = speech.find_clip(user.id, payload.digest)
    if clip is not None and (kept := _kept(clip)) is not None:
        return kept
    job_id = new_id()
    follow = Follow(job_id, is_new=True)
    follow.__enter__()
    try:
        with db.transaction():
            jobs.accept(spec, payload, Subject(user.id), job_id)
        sound = _Sound(follow)
        sound.wait()
    except BaseException:
        follow.__exit__(None, None, None)
        raise
    answer = Response(sound, content_type=speech.FORMS[wish.form])
    answer.headers["X-Job-Id"] = job_id
    return answer


def in_events(sound: Response) -> Response:
    """Send sound as OpenAI's events do.

    Source: https://platform.openai.com/docs/api-reference/audio/speech-audio-delta-event
    """
    answer = sse.response(_events(sound))
    if "X-Job-Id" in sound.headers:
        answer.headers["X-Job-Id"] = sound.headers["X-Job-Id"]
    return answer


def _events(sound: Response) -> Iterator[bytes]:
    with closing(sound):
        try:
            for piece in sound.iter_encoded():
                yield _event("delta", audio=b64encode(piece).decode("ascii"))
        except SwitchyardError as error:
            yield b"data: %b\n\n" % orjson.dumps({"error": problems.of_error(error)})
        else:
            yield _event("done")


def _event(kind: str, **told: str) -> bytes:
    return b"data: %b\n\n" % orjson.dumps({"type": f"speech.audio.{kind}", **told})


def _kept(clip: SpeechClip) -> Response | None:
    """Answer with a clip of before; None when the storage has lost it."""
    try:
        first = get_storage().read(next(speech.keys_of(clip)))
    except (Missing, StopIteration):
        return None
    answer = Response(_read(first, clip), content_type=speech.FORMS[clip.form])
    answer.content_length = clip.size_bytes
    return answer


def _read(first: Iterator[bytes], clip: SpeechClip) -> Iterator[bytes]:
    yield from first
    for key in list(speech.keys_of(clip))[1:]:
        yield from get_storage().read(key)


class _Sound:
    """The sound of a running job; belongs to one request."""

    def __init__(self, follow: Follow) -> None:
        self._follow, self._permit = follow, Permit()
        self._batches = follow.batches(_TICK_S)
        self._attempt = self._told = self._sent = 0

    def wait(self) -> None:
        """Wait for the first piece.

        Raises:
            UpstreamFailed: The job ended without one.
            Unavailable: None has come in time.
        """
        silent_s = 0.0
        while not self._told and not self._follow.has_ended:
            if not self._step():
                silent_s += _TICK_S
            if silent_s >= _PATIENCE_S:
                raise Unavailable("The text is still not spoken. Please try again in a moment.")

    def _step(self) -> bool:
        """Take what the job has told; whether it has told anything.

        Raises:
            UpstreamFailed: It has failed, or goes on anew although something was sent already.
        """
        batch = next(self._batches, [])
        for _, event in batch:
            kind, data = ending_of(event)
            if kind == "progress":
                self._told = data["done"]
            elif kind == "started":
                self._attempt = 1
            elif kind == "restarted":
                self._begin_anew(data["attempt"])
            elif kind in ("failed", "cancelled"):
                raise UpstreamFailed(data)
        return bool(batch)

    def _begin_anew(self, attempt: int) -> None:
        if self._sent:
            raise Unavailable("The worker that spoke was lost.")
        self._attempt, self._told = attempt, 0

    def __iter__(self) -> Iterator[bytes]:
        while self._sent < self._told or not self._follow.has_ended:
            if not self._permit.holds():
                return
            if self._sent == self._told:
                self._step()
                continue
            self._sent += 1
            key = speech.object_key(self._follow.job_id, self._attempt, self._sent)
            yield from get_storage().read(key)

    def close(self) -> None:
        """Stop to listen; the job goes on, and its clip is there for the next time."""
        self._follow.__exit__(None, None, None)
