"""Deepgram listens.

Source: https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded
"""

from typing import Any
from urllib.parse import urlencode

from shared.config.options import option
from shared.errors import Invalid, Unavailable
from workers import servers
from workers.speech.base import Heard, Manner, Sound
from workers.speech.listeners.wav import wav_of

URL = "https://api.deepgram.com/v1/listen"


class DeepgramListener:
    """See `Listener`."""

    longest_s = 120.0

    def __init__(self) -> None:
        self._headers = {
            "authorization": f"Token {option('DEEPGRAM_API_KEY')}",
            "content-type": "audio/wav",
        }

    def hear(self, sound: Sound, manner: Manner) -> Heard:
        """See `Listener`."""
        if manner.to_english:
            raise Invalid("The engine 'deepgram' does not translate; 'openai' does.")
        asked = {"smart_format": "true", "utterances": "true"}
        if option("AUDIO_STT_MODEL"):
            asked["model"] = option("AUDIO_STT_MODEL")
        asked |= {"language": manner.language} if manner.language else {"detect_language": "true"}
        url = f"{URL}?{urlencode(asked)}"
        return _heard(servers.ask(url, wav_of(sound), headers=self._headers), sound, manner)


def make() -> DeepgramListener:
    """Give the engine that the options describe."""
    return DeepgramListener()


def _heard(answer: Any, sound: Sound, manner: Manner) -> Heard:
    try:
        channel = answer["results"]["channels"][0]
        language = channel.get("detected_language") or manner.language
        segments = [_segment(one, sound, manner) for one in answer["results"]["utterances"]]
    except (KeyError, IndexError, TypeError):
        raise Unavailable("Deepgram answered in an unknown form.") from None
    return Heard([one for one in segments if one["text"]], language)


def _segment(told: dict[str, Any], sound: Sound, manner: Manner) -> dict[str, Any]:
    segment = {**_span(told, sound), "text": str(told["transcript"]).strip()}
    if manner.wants_words:
        segment["words"] = [
            {**_span(word, sound), "word": word.get("punctuated_word") or word["word"]}
            for word in told.get("words") or []
        ]
    return segment


def _span(told: dict[str, Any], sound: Sound) -> dict[str, Any]:
    start, end = (round(sound.start_s + float(told[name]), 2) for name in ("start", "end"))
    return {"start": start, "end": end}
