"""Recordings for tests, and the sentence that the local voice and ear agree upon."""

import io
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from workers.speech.base import HEARD_RATE, Script
from workers.speech.media import Encoder, samples_of
from workers.speech.speakers.piper import PiperSpeaker

SENTENCE = "Please open the window and close the door."
WORDS = ["please", "open", "the", "window", "and", "close", "the", "door"]


@lru_cache(maxsize=1)
def spoken_sentence() -> bytes:
    """Let the local voice say the sentence, as WAV."""
    script = Script(SENTENCE, voice="", model="", form="wav", speed=1.0)
    return b"".join(PiperSpeaker().say(script, lambda _end: nullcontext()))


def spoken_at(every_s: float) -> bytes:
    """Make a recording of so many seconds that begins with the sentence, the rest is silence; as
    MP3, whose frames stand for themselves.
    """
    with av.open(io.BytesIO(spoken_sentence())) as source:
        blocks = [frame.to_ndarray().tobytes() for frame in source.decode(audio=0)]
        rate = source.streams.audio[0].rate
    said = b"".join(blocks)
    encoder = Encoder("mp3", rate)
    return encoder.write(said.ljust(2 * int(every_s * rate), b"\0")) + encoder.finish()


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


@dataclass(frozen=True)
class Kind:
    """A kind of file that sound comes in.

    Attributes:
        rate: Samples a second.
        has_pictures: Whether a film goes along.
    """

    container: str
    codec: str
    rate: int
    layout: str = "mono"
    has_pictures: bool = False


def recoded(content: bytes, kind: Kind) -> bytes:
    """Write a recording as another kind of file."""
    file = io.BytesIO()
    with av.open(io.BytesIO(content)) as source, av.open(file, "w", kind.container) as target:
        film = target.add_stream("mpeg4", rate=5) if kind.has_pictures else None
        sound: Any = target.add_stream(kind.codec, rate=kind.rate, layout=kind.layout)
        if film is not None:
            _film(target, film)
        resampler = av.AudioResampler(
            sound.codec_context.format, kind.layout, kind.rate, sound.codec_context.frame_size or 0
        )
        for frame in [*source.decode(audio=0), None]:
            for resampled in resampler.resample(frame):
                target.mux(sound.encode(resampled))
        target.mux(sound.encode(None))
    return file.getvalue()


def _film(target: Any, film: Any) -> None:
    film.width = film.height = 32
    film.pix_fmt = "yuv420p"
    for number in range(3):
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        frame.pts = number
        target.mux(film.encode(frame))
    target.mux(film.encode(None))
