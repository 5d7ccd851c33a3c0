"""Forms and answers of the speech routes."""

from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError, field_validator

from shared.errors import Invalid
from shared.schema import Schema

Form = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
TextForm = Literal["json", "text", "srt", "verbose_json", "vtt"]
# What OpenAI takes, and a whole answer: the page sends that where AUDIO_TTS_SPLIT_ON is `none`.
_LONGEST_TEXT, _LONGEST_ANSWER = 4096, 32_768
_LONGEST_INSTRUCTIONS = 4096


class SpeechForm(Schema):
    """A text to be said. `model` is accepted and not used: the server has one, see
    AUDIO_TTS_MODEL. With `stream_format` "sse" the sound comes in events.
    """

    model_config = ConfigDict(extra="ignore")

    input: str = Field(min_length=1, max_length=_LONGEST_TEXT)
    voice: str | dict[str, Any] | None = None
    response_format: Form = "mp3"
    speed: float = Field(1.0, ge=0.25, le=4.0)
    model: str | None = None
    instructions: str | None = Field(None, max_length=_LONGEST_INSTRUCTIONS)
    stream_format: Literal["audio", "sse"] | None = None

    @field_validator("input")
    @classmethod
    def _has_words(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("there is nothing to say")
        return text.replace("\x00", " ")

    @property
    def voice_id(self) -> str:
        """The voice's name, however it was sent; empty for the server's own."""
        voice = self.voice.get("id") if isinstance(self.voice, dict) else self.voice
        return str(voice or "")[:200]


class AnswerForm(SpeechForm):
    """A text to be said, maybe a whole answer; else as OpenAI's form."""

    input: str = Field(min_length=1, max_length=_LONGEST_ANSWER)


class TranscriptionFields(Schema):
    """What stands beside the file in a form: how to listen, and how to answer."""

    language: str = Field("", max_length=16, pattern=r"^[A-Za-z-]*$")
    prompt: str = Field("", max_length=4000)
    response_format: TextForm = "json"
    timestamp_granularities: list[Literal["word", "segment"]] = []
    stream: bool = False
    background: bool = False


def fields_of(form: dict[str, list[str]]) -> TranscriptionFields:
    """Read the fields of a form; those that are not known are left alone.

    Raises:
        Invalid: One has a value that it may not have; the message names it.
    """
    known = TranscriptionFields.model_fields
    given: dict[str, Any] = {name: form[name][0] for name in known if form.get(name)}
    given["timestamp_granularities"] = (
        form.get("timestamp_granularities[]") or form.get("timestamp_granularities") or []
    )
    try:
        return TranscriptionFields.model_validate(given)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise Invalid(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None


class FormQuery(Schema):
    """In what form a text is wanted."""

    response_format: TextForm = "verbose_json"


class TranscriptionResponse(Schema):
    """What was said."""

    text: str
    filename: str


class VoicesResponse(Schema):
    """The voices that one can choose from."""

    voices: list[dict[str, Any]]


class ModelsResponse(Schema):
    """The models that one can choose from."""

    models: list[dict[str, Any]]
