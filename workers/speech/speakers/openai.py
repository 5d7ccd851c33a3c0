"""A server that speaks OpenAI's API speaks.

Source: https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

from collections.abc import Iterator
from typing import Any

from shared.config.options import option
from shared.errors import SwitchyardError
from workers import servers
from workers.speech.base import Guard, Script

_OPENAI_HOST = "://api.openai.com/"
_VOICES = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer")
_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
_PATIENCE_S = 10.0


class OpenAISpeaker:
    """See `Speaker`."""

    def __init__(self) -> None:
        self._url = option("AUDIO_TTS_OPENAI_API_BASE_URL").rstrip("/")
        self._key = option("AUDIO_TTS_OPENAI_API_KEY")

    def say(self, script: Script, guard: Guard) -> Iterator[bytes]:
        """See `Speaker`."""
        body = {
            "model": script.model,
            "input": script.text,
            "voice": script.voice,
            "response_format": script.form,
            "speed": script.speed,
        }
        if script.instructions:
            body["instructions"] = script.instructions
        return servers.stream(f"{self._url}/audio/speech", body, guard, key=self._key)

    def voices(self) -> list[dict[str, str]]:
        """See `Speaker`."""
        found = self._asked("voices")
        return found or [{"id": name, "name": name} for name in _VOICES]

    def models(self) -> list[dict[str, str]]:
        """See `Speaker`."""
        return self._asked("models") or [{"id": name} for name in _MODELS]

    def _asked(self, what: str) -> list[dict[str, str]]:
        """Ask for a list that OpenAI itself does not have, but servers that are like it."""
        if _OPENAI_HOST in f"{self._url}/":
            return []
        try:
            answer = servers.ask(f"{self._url}/audio/{what}", key=self._key, timeout_s=_PATIENCE_S)
        except SwitchyardError:
            return []
        listed = answer.get(what) if isinstance(answer, dict) else None
        return [_named(one) for one in listed] if isinstance(listed, list) else []


def _named(one: Any) -> dict[str, str]:
    if isinstance(one, dict):
        known = str(one.get("id") or one.get("name") or "")
        return {"id": known, "name": str(one.get("name") or known)}
    return {"id": str(one), "name": str(one)}


def make() -> OpenAISpeaker:
    """Give the engine that the options describe."""
    return OpenAISpeaker()
