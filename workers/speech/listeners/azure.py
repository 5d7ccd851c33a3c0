"""Azure's fast transcription listens.

Source: https://learn.microsoft.com/azure/ai-services/speech-service/fast-transcription-create
"""

import json
from typing import Any

from shared.config.options import option
from shared.errors import Invalid, Unavailable
from workers import servers
from workers.speech.base import Heard, Manner, Sound
from workers.speech.listeners.wav import wav_of

URL = (
    "https://{region}.api.cognitive.microsoft.com/speechtotext/transcriptions:transcribe"
    "?api-version=2024-11-15"
)


class AzureListener:
    """See `Listener`."""

    longest_s = 120.0

    def __init__(self) -> None:
        self._url = URL.format(region=option("AUDIO_STT_AZURE_REGION"))
        self._headers = {"ocp-apim-subscription-key": option("AUDIO_STT_AZURE_API_KEY")}

    def hear(self, sound: Sound, manner: Manner) -> Heard:
        """See `Listener`."""
        if manner.to_english:
            raise Invalid("The engine 'azure' does not translate; 'openai' does.")
        definition: dict[str, Any] = {"profanityFilterMode": "None"}
        if locales := _locales(manner):
            definition["locales"] = locales
        fields = {"definition": json.dumps(definition)}
        answer = servers.send_file(
            self._url, "audio", "speech.wav", wav_of(sound), fields, headers=self._headers
        )
        return _heard(answer, sound, manner)


def make() -> AzureListener:
    """Give the engine that the options describe."""
    return AzureListener()


def _locales(manner: Manner) -> list[str]:
    """Give the locales to listen for: those of the wanted language, else all that are set."""
    known = [one.strip() for one in option("AUDIO_STT_AZURE_LOCALES").split(",") if one.strip()]
    wanted = [one for one in known if one.partition("-")[0] == manner.language]
    return wanted or known


def _heard(answer: Any, sound: Sound, manner: Manner) -> Heard:
    try:
        phrases = answer["phrases"]
        segments = [_segment(phrase, sound, manner) for phrase in phrases]
        language = phrases[0].get("locale", "") if phrases else ""
    except (KeyError, TypeError):
        raise Unavailable("Azure answered in an unknown form.") from None
    return Heard(segments, language)


def _segment(phrase: dict[str, Any], sound: Sound, manner: Manner) -> dict[str, Any]:
    segment = {**_span(phrase, sound), "text": str(phrase["text"]).strip()}
    if manner.wants_words:
        words = phrase.get("words") or []
        segment["words"] = [{**_span(word, sound), "word": word["text"]} for word in words]
    return segment


def _span(told: dict[str, Any], sound: Sound) -> dict[str, Any]:
    start = told["offsetMilliseconds"] / 1000
    end = start + told["durationMilliseconds"] / 1000
    return {"start": round(sound.start_s + start, 2), "end": round(sound.start_s + end, 2)}
