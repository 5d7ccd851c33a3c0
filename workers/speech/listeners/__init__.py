"""The engines that listen."""

from collections.abc import Callable
from importlib import import_module

from shared.services import speech
from workers.speech.base import Listener

# Imported on first use: the local one is heavy.
_LISTENERS = {
    speech.LOCAL: "workers.speech.listeners.moonshine",
    "openai": "workers.speech.listeners.openai",
    "deepgram": "workers.speech.listeners.deepgram",
    "azure": "workers.speech.listeners.azure",
}


def get_listener() -> Listener:
    """Give the engine of now: admins may change it at any time.

    Raises:
        Invalid: There is none, or it lacks an option.
    """
    make: Callable[[], Listener] = import_module(_LISTENERS[speech.listener()]).make
    return make()
