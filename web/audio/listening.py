"""Taking a recording in, letting a worker write it down, and waiting for that, but not for ever."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response

from shared import db
from shared.config.settings import get_settings
from shared.errors import Invalid, NotFound, UpstreamFailed
from shared.kinds.speech import TRANSCRIBE, TRANSCRIBE_SHORT, Transcribe
from shared.models.job import COMPLETED, Job
from shared.queue import Subject
from shared.services import files, jobs, permissions, speech
from shared.services.accounts import Principal
from shared.services.files import Stored
from web.api import json_response
from web.audio.schemas import TranscriptionFields, fields_of
from web.auth import Permit
from web.completions import problems
from web.files.receiving import received_form
from web.stream import sse
from web.stream.hub import Follow, ending_of
from web.stream.waiting import wait_for

_SOUNDS = ("audio/", "video/", "application/octet-stream")
# Some minutes, by what compresses well; a few seconds, by what does not at all.
_SHORT_BYTES = 1_000_000
# What is long is answered with its job before proxies give up, which many do after a minute.
_PROXIES_WAIT_S = 55.0


@dataclass(frozen=True)
class Accepted:
    """A recording that a worker is to write down."""

    job_id: str
    filename: str
    fields: TranscriptionFields
    is_short: bool


def accept(user: Principal, to_english: bool = False) -> Accepted:
    """Take the request's recording in and accept the job.

    Raises:
        Forbidden: The user may not have speech written down.
        Invalid: No engine is configured, or the form is not as it should be.
        Busy: Too many of the user's jobs wait.
    """
    with db.reading():
        permissions.require(user, "chat", "stt")
        speech.listener()
    with received_form() as form:
        fields = fields_of(form.fields.to_dict(flat=False))
        stored = form.files[0][1]
        _require_sound(stored)
        ask = Transcribe(
            file_id=stored.id,
            language=fields.language,
            hint=fields.prompt,
            to_english=to_english,
            wants_words="word" in fields.timestamp_granularities,
        )
        with db.transaction():
            files.add(user.id, stored)
            is_short = stored.size_bytes <= _SHORT_BYTES
            spec = TRANSCRIBE_SHORT if is_short else TRANSCRIBE
            job_id = jobs.accept(spec, ask, Subject(user.id))
    return Accepted(job_id, stored.filename, fields, is_short)


def _require_sound(stored: Stored) -> None:
    if not stored.content_type.startswith(_SOUNDS):
        raise Invalid(f"This is no recording: it looks like {stored.content_type}.")


def result_of(user: Principal, accepted: Accepted) -> dict[str, Any] | None:
    """Wait for what was said; None when it takes longer than SPEECH_WAIT_S, or than proxies wait.

    Raises:
        UpstreamFailed: The job has failed.
    """
    patience_s = get_settings().speech_wait_s
    if not accepted.is_short:
        patience_s = min(patience_s, _PROXIES_WAIT_S)
    ending = wait_for(accepted.job_id, patience_s)
    if ending is None:
        return None
    if ending[0] != COMPLETED:
        raise UpstreamFailed(ending[1])
    with db.reading():
        return jobs.find(user, accepted.job_id).result


def later(accepted: Accepted) -> Response:
    """Answer that the job goes on, and where it is to be found."""
    told = {
        "job": accepted.job_id,
        "status": "queued",
        "detail": "The job goes on: follow its events, or ask for its text when it has ended.",
    }
    return json_response(orjson.dumps(told), 202)


def find(user: Principal, job_id: str) -> dict[str, Any]:
    """Give what a transcription of before has found.

    Raises:
        NotFound: No such transcription for this user.
        Invalid: It has not ended, or has not ended well.
    """
    job: Job = jobs.find(user, job_id)
    if job.kind not in (TRANSCRIBE.name, TRANSCRIBE_SHORT.name):
        raise NotFound
    if job.status != COMPLETED or job.result is None:
        raise Invalid(f"There is no text yet: the job is {job.status}.")
    return job.result


def streamed(accepted: Accepted) -> Response:
    """Answer with the text as it is heard, in OpenAI's events.

    Source: https://platform.openai.com/docs/api-reference/audio/transcript-text-delta-event
    """
    return sse.response(_events(Follow(accepted.job_id), Permit()))


def _events(follow: Follow, permit: Permit) -> Iterator[bytes]:
    said: list[str] = []
    with follow:
        for batch in follow.batches(sse.KEEP_ALIVE_S):
            if not permit.holds():
                return
            yield b"".join([_written(event, said) for _, event in batch]) or sse.KEEP_ALIVE


def _written(event: bytes, said: list[str]) -> bytes:
    """Write one event of the job as OpenAI would; keeps in `said` what was heard."""
    kind, data = ending_of(event)
    if kind == "delta":
        said.append(data["text"])
        return _event("delta", delta=data["text"])
    if kind == "restarted":
        said.clear()
    elif kind == "completed":
        return _event("done", text="".join(said))
    elif kind in ("failed", "cancelled"):
        return b"data: %b\n\n" % orjson.dumps({"error": problems.of_ending(data)})
    return b""


def _event(kind: str, **told: str) -> bytes:
    return b"data: %b\n\n" % orjson.dumps({"type": f"transcript.text.{kind}", **told})
