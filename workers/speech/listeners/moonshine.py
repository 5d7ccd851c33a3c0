"""Moonshine in this process: English, with weights out of its package; loaded on first use.

Source: https://github.com/moonshine-ai/moonshine (Python, `transcribe_without_streaming`).
"""

from functools import lru_cache
from typing import Any

from shared.errors import Invalid, Unavailable
from workers.speech.base import HEARD_RATE, Heard, Manner, Sound

_ENGLISH = ("", "en", "english")
_FULL_SCALE = 32_768.0
# What stays below (-50 dB) is silence, in which the model hears words that nobody has said.
_SILENT = 100


class MoonshineListener:
    """See `Listener`."""

    longest_s = 30.0

    def hear(self, sound: Sound, manner: Manner) -> Heard:
        """See `Listener`."""
        if manner.language.lower().partition("-")[0] not in _ENGLISH:
            raise Invalid(
                "The local engine hears English only. Set AUDIO_STT_ENGINE to openai, deepgram or "
                "azure for other languages."
            )
        if abs(sound.samples.astype("int32")).max(initial=0) < _SILENT:
            return Heard(language="english")
        samples = (sound.samples / _FULL_SCALE).tolist()
        lines = _model().transcribe_without_streaming(samples, HEARD_RATE).lines
        segments = [
            {
                "start": round(sound.start_s + line.start_time, 2),
                "end": round(sound.start_s + line.start_time + line.duration, 2),
                "text": line.text.strip(),
            }
            for line in lines
            if line.text.strip()
        ]
        return Heard(segments, "english")


def make() -> MoonshineListener:
    """Give this process's engine."""
    return MoonshineListener()


@lru_cache(maxsize=1)
def _model() -> Any:
    try:
        from moonshine_voice import (  # noqa: PLC0415 -- heavy, and optional
            ModelArch,
            get_assets_path,
        )
        from moonshine_voice.transcriber import Transcriber  # noqa: PLC0415 -- the same
    except (ImportError, OSError):
        raise Unavailable(
            "The local engine that listens cannot be loaded. Set AUDIO_STT_ENGINE to openai, "
            "deepgram or azure."
        ) from None
    return Transcriber(model_path=f"{get_assets_path()}/tiny-en", model_arch=ModelArch.TINY)
