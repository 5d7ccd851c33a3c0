"""Speech: which engine has to be configured, and clips that were spoken before."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import orjson
from sqlalchemy import delete, select

from shared import db
from shared.config.options import option
from shared.errors import Invalid
from shared.ids import now_s
from shared.kinds.base import JobSpec
from shared.kinds.speech import FETCH_SPEECH, SPEAK, Speak
from shared.models.speech import SpeechClip
from shared.services import indexing

# What speech can be sent in, and as what.
FORMS = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
LOCAL = "local"
_LOCAL_SPEAKERS = ("", "transformers")
_LOCAL_LISTENERS = ("", "web")
# What an engine must know before it can be asked: each is an option.
_NEEDS = {
    ("stt", "openai"): ("AUDIO_STT_OPENAI_API_BASE_URL",),
    ("stt", "deepgram"): ("DEEPGRAM_API_KEY",),
    ("stt", "azure"): ("AUDIO_STT_AZURE_API_KEY", "AUDIO_STT_AZURE_REGION"),
    ("tts", "openai"): ("AUDIO_TTS_OPENAI_API_BASE_URL",),
    ("tts", "elevenlabs"): ("AUDIO_TTS_API_KEY",),
    ("tts", "azure"): ("AUDIO_TTS_API_KEY", "AUDIO_TTS_AZURE_SPEECH_REGION"),
}
_OPENAI_HOST = "://api.openai.com/"
_PURGED_AT_ONCE = 100


@dataclass(frozen=True)
class Wish:
    """What somebody wants to hear."""

    text: str
    voice: str
    form: str
    speed: float = 1.0
    instructions: str = ""


def listener() -> str:
    """Name the engine that listens.

    Raises:
        Invalid: There is none, or it lacks an option; the message names it.
    """
    engine = option("AUDIO_STT_ENGINE")
    if engine not in _LOCAL_LISTENERS:
        _require("stt", engine)
        return str(engine)
    if find_spec("moonshine_voice") is None:
        raise Invalid(
            "Nobody can listen: the local engine is not installed (requirements-local.txt). Set "
            "AUDIO_STT_ENGINE to openai, deepgram or azure."
        )
    return LOCAL


def speaker() -> str:
    """Name the engine that speaks.

    Raises:
        Invalid: There is none, or it lacks an option; the message names it.
    """
    engine = option("AUDIO_TTS_ENGINE")
    if engine not in _LOCAL_SPEAKERS:
        _require("tts", engine)
        return str(engine)
    if find_spec("piper") is None:
        raise Invalid(
            "Nobody can speak: the local engine is not installed (requirements-local.txt). Set "
            "AUDIO_TTS_ENGINE to openai, elevenlabs or azure."
        )
    return LOCAL


def _require(part: str, engine: str) -> None:
    needs = _NEEDS[part, engine]
    missing = [name for name in needs if not option(name)]
    if not missing and engine == "openai" and _OPENAI_HOST in f"{option(needs[0])}/":
        key = needs[0].replace("BASE_URL", "KEY")
        missing = [] if option(key) else [key]
    if missing:
        raise Invalid(f"The engine '{engine}' cannot be asked: set {' and '.join(missing)}.")


def order(wish: Wish) -> tuple[JobSpec, Speak]:
    """Write down what a worker has to speak, by the options of now.

    Raises:
        Invalid: No engine is configured.
    """
    engine = speaker()
    model, voice = option("AUDIO_TTS_MODEL"), wish.voice or option("AUDIO_TTS_VOICE")
    decisive = [wish.text, engine, model, voice, wish.form, wish.speed, *_extras(engine, wish)]
    payload = Speak(
        text=wish.text,
        engine=engine,
        voice=voice,
        speaker=model,
        form=wish.form,
        speed=wish.speed,
        digest=hashlib.sha256(orjson.dumps(decisive)).hexdigest(),
        instructions=wish.instructions,
    )
    return SPEAK if engine == LOCAL else FETCH_SPEECH, payload


def _extras(engine: str, wish: Wish) -> list[str]:
    if engine == "azure":
        return [
            option("AUDIO_TTS_AZURE_SPEECH_REGION"),
            option("AUDIO_TTS_AZURE_SPEECH_OUTPUT_FORMAT"),
        ]
    if engine == "openai":
        return [option("AUDIO_TTS_OPENAI_API_BASE_URL"), wish.instructions]
    return []


def find_clip(user_id: str, digest: str) -> SpeechClip | None:
    """Give what was spoken for this user before; nobody hears, or notices, clips of others."""
    query = select(SpeechClip).where(SpeechClip.user_id == user_id, SpeechClip.digest == digest)
    return db.session().scalar(query.order_by(SpeechClip.id.desc()).limit(1))


def object_key(job_id: str, attempt: int, number: int) -> str:
    """Name one piece of a clip in the storage; pieces count from 1."""
    return f"speech_{job_id}_{attempt}_{number}"


def keys_of(clip: SpeechClip) -> Iterator[str]:
    """Name the pieces of a clip, in their order."""
    return (object_key(clip.id, clip.attempt, number) for number in range(1, clip.pieces + 1))


def add_clip(clip: SpeechClip) -> None:
    """Keep a clip; joins the surrounding transaction."""
    db.session().add(clip)


def purge_clips(older_than_s: int) -> int:
    """Delete clips that were made so long ago; runs transactions of its own.

    Returns:
        How many there were.
    """
    count = 0
    while some := _purge_some(now_s() - older_than_s):
        count += some
    return count


def _purge_some(before: int) -> int:
    with db.transaction() as session:
        old = select(SpeechClip).where(SpeechClip.created_at < before).limit(_PURGED_AT_ONCE)
        clips = session.scalars(old).all()
        if clips:
            indexing.clean_up(objects=[key for clip in clips for key in keys_of(clip)])
            ids = [clip.id for clip in clips]
            session.execute(delete(SpeechClip).where(SpeechClip.id.in_(ids)))
        return len(clips)
