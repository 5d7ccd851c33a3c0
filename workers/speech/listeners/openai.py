"""A server that speaks OpenAI's API listens.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

from typing import Any

from shared.config.options import option
from shared.errors import Unavailable
from workers import servers
from workers.speech.base import Heard, Manner, Sound
from workers.speech.listeners.wav import wav_of

_DEFAULT_MODEL = "whisper-1"
# These give plain text only: no times.
_WITHOUT_TIMES = "gpt-"
# What Whisper tells of a segment beside its text.
_TOLD = ("tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob")


class OpenAIListener:
    """See `Listener`."""

    # Of 16-bit samples: 4 MB, a sixth of what OpenAI takes.
    longest_s = 120.0

    def __init__(self) -> None:
        self._url = option("AUDIO_STT_OPENAI_API_BASE_URL").rstrip("/")
        self._key = option("AUDIO_STT_OPENAI_API_KEY")
        self._model = option("AUDIO_STT_MODEL") or _DEFAULT_MODEL

    def hear(self, sound: Sound, manner: Manner) -> Heard:
        """See `Listener`."""
        place = "translations" if manner.to_english else "transcriptions"
        answer = servers.send_file(
            f"{self._url}/audio/{place}",
            "file",
            "speech.wav",
            wav_of(sound),
            self._fields(manner),
            key=self._key,
        )
        if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
            raise Unavailable("The server that listens answered in an unknown form.")
        return Heard(_segments(answer, sound), str(answer.get("language") or manner.language))

    def _fields(self, manner: Manner) -> dict[str, Any]:
        is_timed = not self._model.startswith(_WITHOUT_TIMES)
        fields: dict[str, Any] = {
            "model": self._model,
            "response_format": "verbose_json" if is_timed else "json",
        }
        if manner.language and not manner.to_english:
            fields["language"] = manner.language
        if manner.hint:
            fields["prompt"] = manner.hint
        if manner.wants_words and is_timed and not manner.to_english:
            fields["timestamp_granularities[]"] = ["segment", "word"]
        return fields


def make() -> OpenAIListener:
    """Give the engine that the options describe."""
    return OpenAIListener()


def _segments(answer: dict[str, Any], sound: Sound) -> list[dict[str, Any]]:
    """Bring segments and words to the recording's time; a text without any is one segment."""
    told = [one for one in answer.get("segments") or [] if str(one.get("text") or "").strip()]
    if not told:
        whole = {"start": 0.0, "end": sound.end_s - sound.start_s, "text": answer["text"]}
        told = [whole] if answer["text"].strip() else []
    words = [_moved(word, sound, "word") for word in answer.get("words") or []]
    segments = [_segment(one, sound) for one in told]
    for segment in segments:
        inside = [w for w in words if segment["start"] <= w["start"] < segment["end"]]
        if inside:
            segment["words"] = inside
    return segments


def _segment(told: dict[str, Any], sound: Sound) -> dict[str, Any]:
    beside = {name: told[name] for name in _TOLD if told.get(name) is not None}
    return {**_moved(told, sound, "text"), **beside}


def _moved(told: dict[str, Any], sound: Sound, name: str) -> dict[str, Any]:
    return {
        "start": round(sound.start_s + float(told.get("start") or 0), 2),
        "end": round(sound.start_s + float(told.get("end") or 0), 2),
        name: str(told.get(name) or "").strip(),
    }
