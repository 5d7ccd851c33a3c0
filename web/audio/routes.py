"""Routes of speech."""

from typing import Any

from flask import Blueprint, Response

from shared.errors import Invalid
from shared.kinds.speech import LIST_VOICES, ListVoices
from shared.queue import Subject
from shared.services import speech
from shared.services.speech import Wish
from web.api import endpoint
from web.audio import listening
from web.audio.config import CONFIG
from web.audio.schemas import (
    AnswerForm,
    FormQuery,
    ModelsResponse,
    SpeechForm,
    TranscriptionResponse,
    VoicesResponse,
)
from web.audio.speaking import in_events, spoken
from web.audio.writing import written
from web.auth import current_user
from web.completions import problems
from web.editor import add_editor
from web.stream.waiting import ask

bp = Blueprint("audio", __name__)
v1 = Blueprint("audio_v1", __name__)
problems.register(v1)

add_editor(bp, CONFIG, "/config", "/config/update")

_PATIENCE_S = 15.0
_NOBODY = "No engine is configured, or it does not take the request; says what to set"
_ERRORS = {400: _NOBODY, 429: "Too many of your jobs wait"}
_HEARD = {**_ERRORS, 413: "Larger than RAG_FILE_MAX_SIZE"}
_FORM = (
    *("file", "language", "prompt", "response_format", "timestamp_granularities[]"),
    *("stream", "background"),
)


@bp.post("/speech")
@endpoint(body=AnswerForm, transaction=None, media_type="audio/mpeg", errors=_ERRORS)
def speak(body: AnswerForm) -> Response:
    """Say a text; the sound comes while it is made, and at once when it was said before."""
    return answer_to(body)


@v1.post("/audio/speech")
@endpoint(body=SpeechForm, transaction=None, media_type="audio/mpeg", errors=_ERRORS)
def speak_v1(body: SpeechForm) -> Response:
    """Say a text, exactly as an OpenAI server does."""
    return answer_to(body)


def answer_to(body: SpeechForm) -> Response:
    """Say what a form asks for, in the user's name."""
    form, told = body.response_format, body.instructions or ""
    wish = Wish(body.input, body.voice_id, form, body.speed, told)
    sound = spoken(current_user(), wish)
    return in_events(sound) if body.stream_format == "sse" else sound


@bp.post("/transcriptions")
@endpoint(response=TranscriptionResponse, transaction=None, form=_FORM, errors=_HEARD)
def transcribe() -> Any:
    """Write down what is said in a recording. What takes longer than SPEECH_WAIT_S, or is asked for
    with `background=true`, is answered 202 with its job.
    """
    user = current_user()
    accepted = listening.accept(user)
    result = None if accepted.fields.background else listening.result_of(user, accepted)
    if result is None:
        return listening.later(accepted)
    return {"text": result["text"], "filename": accepted.filename}


@bp.get("/transcriptions/<job_id>")
@endpoint(
    query=FormQuery,
    errors={400: "It has not ended, or not well", 404: "No such transcription, or not yours"},
)
def show_transcription(job_id: str, query: FormQuery) -> Response:
    """Give what a job has written down, also as subtitles."""
    return written(listening.find(current_user(), job_id), query.response_format)


@v1.post("/audio/transcriptions")
@endpoint(transaction=None, form=_FORM, errors=_HEARD)
def transcribe_v1() -> Response:
    """Write down what is said, exactly as an OpenAI server does; `background=true` makes it a job
    to be followed.
    """
    return _heard_v1(to_english=False)


@v1.post("/audio/translations")
@endpoint(transaction=None, form=_FORM, errors=_HEARD)
def translate_v1() -> Response:
    """Write down in English what is said, exactly as an OpenAI server does."""
    return _heard_v1(to_english=True)


def _heard_v1(to_english: bool) -> Response:
    user = current_user()
    accepted = listening.accept(user, to_english)
    if accepted.fields.stream:
        return listening.streamed(accepted)
    result = None if accepted.fields.background else listening.result_of(user, accepted)
    if result is None:
        return listening.later(accepted)
    return written(result, accepted.fields.response_format)


@bp.get("/voices")
@endpoint(response=VoicesResponse, transaction=None, errors=_ERRORS)
def list_voices() -> dict[str, Any]:
    """List the voices of the engine that speaks; none when there is no engine."""
    return {"voices": _listed("voices")}


@bp.get("/models")
@endpoint(response=ModelsResponse, transaction=None, errors=_ERRORS)
def list_models() -> dict[str, Any]:
    """List the models of the engine that speaks; none when there is no engine."""
    return {"models": _listed("models")}


def _listed(what: str) -> Any:
    try:
        speech.speaker()
    except Invalid:
        return []
    return ask(LIST_VOICES, ListVoices(), Subject(current_user().id), _PATIENCE_S)[what]
