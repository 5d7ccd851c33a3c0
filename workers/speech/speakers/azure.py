"""Azure speaks.

Source: https://learn.microsoft.com/azure/ai-services/speech-service/rest-text-to-speech
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from shared.config.options import option
from shared.errors import Invalid
from workers import servers
from workers.speech.base import Guard, Script

URL = "https://{region}.tts.speech.microsoft.com/cognitiveservices"
_FORMS = {
    "opus": "ogg-24khz-16bit-mono-opus",
    "wav": "riff-24khz-16bit-mono-pcm",
    "pcm": "raw-24khz-16bit-mono-pcm",
}


class AzureSpeaker:
    """See `Speaker`."""

    def __init__(self) -> None:
        self._url = URL.format(region=option("AUDIO_TTS_AZURE_SPEECH_REGION"))
        self._headers = {"ocp-apim-subscription-key": option("AUDIO_TTS_API_KEY")}
        mp3 = option("AUDIO_TTS_AZURE_SPEECH_OUTPUT_FORMAT")
        self._forms = {"mp3": mp3, **_FORMS}

    def say(self, script: Script, guard: Guard) -> Iterator[bytes]:
        """See `Speaker`."""
        if script.form not in self._forms:
            raise Invalid(f"Azure sends {', '.join(self._forms)}; not {script.form}.")
        headers = {
            **self._headers,
            "content-type": "application/ssml+xml",
            "x-microsoft-outputformat": self._forms[script.form],
        }
        return servers.stream(f"{self._url}/v1", _ssml(script).encode(), guard, headers=headers)

    def voices(self) -> list[dict[str, str]]:
        """See `Speaker`."""
        found = servers.ask(f"{self._url}/voices/list", headers=self._headers)
        return [
            {"id": one["ShortName"], "name": f"{one['DisplayName']} ({one['ShortName']})"}
            for one in found
        ]

    def models(self) -> list[dict[str, str]]:
        """See `Speaker`."""
        return []  # its voices are its models


def make() -> AzureSpeaker:
    """Give the engine that the options describe."""
    return AzureSpeaker()


def _ssml(script: Script) -> str:
    """Write a text as SSML; the language is the beginning of the voice's name, `en-US-…`."""
    language = quoteattr("-".join(script.voice.split("-")[:2]))
    said = f'<prosody rate="{script.speed:.2f}">{escape(script.text)}</prosody>'
    voice = f"<voice name={quoteattr(script.voice)}>{said}</voice>"
    space = "http://www.w3.org/2001/10/synthesis"
    return f'<speak version="1.0" xmlns="{space}" xml:lang={language}>{voice}</speak>'
