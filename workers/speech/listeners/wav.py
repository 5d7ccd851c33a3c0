"""A piece of a recording as the file that services take."""

import io
import wave

from workers.speech.base import HEARD_RATE, Sound


def wav_of(sound: Sound) -> bytes:
    """Write a sound as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(HEARD_RATE)
        writer.writeframes(sound.samples.astype("<i2").tobytes())
    return file.getvalue()
