"""Recordings for tests, and the sentence that the local voice and ear agree upon."""

import io
from functools import lru_cache
from pathlib import Path

import numpy as np

from workers.speech.base import HEARD_RATE
from workers.speech.media import Encoder, samples_of

SENTENCE = "Please open the window and close the door."
WORDS = ["please", "open", "the", "window", "and", "close", "the", "door"]


def words_of(text: str) -> list[str]:
    """Give the words of a text, whatever its case and its punctuation."""
    return "".join(c if c.isalpha() else " " for c in text.lower()).split()


def recording(seconds: float, form: str = "wav", pause_every_s: float = 5.0) -> bytes:
    """Make a hum with short silences, one at the end of every so many seconds."""
    encoder = Encoder(form, HEARD_RATE)
    made = io.BytesIO()
    left = seconds
    while left > 0:
        made.write(encoder.write(_hum(min(left, pause_every_s))))
        left -= pause_every_s
    made.write(encoder.finish())
    return made.getvalue()


@lru_cache(maxsize=4)
def _hum(seconds: float) -> bytes:
    time = np.arange(int(seconds * HEARD_RATE)) / HEARD_RATE
    samples = (8000 * np.sin(2 * np.pi * 220 * time)).astype(np.int16)
    samples[-HEARD_RATE // 4 :] = 0
    return samples.tobytes()


def read(content: bytes, folder: Path) -> "np.ndarray":
    """Read a recording back: its samples."""
    path = folder / "read-back"
    path.write_bytes(content)
    return np.concatenate(list(samples_of(path)))
