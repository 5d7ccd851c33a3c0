"""ElevenLabs speaks.

Source: https://elevenlabs.io/docs/api-reference/text-to-speech/stream
"""

from collections.abc import Iterator
from urllib.parse import quote

from shared.config.options import option
from shared.errors import Invalid
from workers import servers
from workers.speech.base import Guard, Script

URL = "https://api.elevenlabs.io/v1"
# What it sends by itself; nothing is written anew outside of the compute workers.
_FORMS = {"mp3": "mp3_44100_128", "opus": "opus_48000_64", "pcm": "pcm_24000"}
_SLOWEST, _FASTEST = 0.7, 1.2


class ElevenLabsSpeaker:
    """See `Speaker`."""

    def __init__(self) -> None:
        self._headers = {"xi-api-key": option("AUDIO_TTS_API_KEY")}

    def say(self, script: Script, guard: Guard) -> Iterator[bytes]:
        """See `Speaker`."""
        if script.form not in _FORMS:
            raise Invalid(f"ElevenLabs sends {', '.join(_FORMS)}; not {script.form}.")
        place = f"{URL}/text-to-speech/{quote(script.voice, safe='')}/stream"
        body = {
            "text": script.text,
            "model_id": script.model,
            "voice_settings": {
                "stability": 0.5,
                "similarity_boost": 0.5,
                "speed": min(max(script.speed, _SLOWEST), _FASTEST),
            },
        }
        url = f"{place}?output_format={_FORMS[script.form]}"
        return servers.stream(url, body, guard, headers=self._headers)

    def voices(self) -> list[dict[str, str]]:
        """See `Speaker`."""
        found = servers.ask(f"{URL}/voices", headers=self._headers)
        return [{"id": one["voice_id"], "name": one["name"]} for one in found["voices"]]

    def models(self) -> list[dict[str, str]]:
        """See `Speaker`."""
        found = servers.ask(f"{URL}/models", headers=self._headers)
        return [{"id": one["model_id"], "name": one["name"]} for one in found]


def make() -> ElevenLabsSpeaker:
    """Give the engine that the options describe."""
    return ElevenLabsSpeaker()
