"""The engines that speak."""

from collections.abc import Callable
from importlib import import_module

from shared.services import speech
from workers.speech.base import Speaker

_SPEAKERS = {
    speech.LOCAL: "workers.speech.speakers.piper",
    "openai": "workers.speech.speakers.openai",
    "elevenlabs": "workers.speech.speakers.elevenlabs",
    "azure": "workers.speech.speakers.azure",
}


def get_speaker(name: str) -> Speaker:
    """Give an engine as the options of now describe it."""
    make: Callable[[], Speaker] = import_module(_SPEAKERS[name]).make
    return make()
