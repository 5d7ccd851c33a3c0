"""Reading and writing recordings with PyAV, the libraries of FFmpeg. Only compute workers do so.

Source: https://pyav.basswood-io.com/docs/stable/
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.errors import Invalid
from workers.speech.base import HEARD_RATE

if TYPE_CHECKING:
    from workers.speech.base import Samples

_UNREADABLE = "The file is no recording that can be read."
_NO_SOUND = "There is no sound in this file."

# Container, codec, samples a second, options; the options let every packet out at once, and leave
# out what could only be written at the end.
_WRITTEN: dict[str, tuple[str, str, int, dict[str, str]]] = {
    "mp3": ("mp3", "libmp3lame", 24_000, {"write_xing": "0", "id3v2_version": "0"}),
    "opus": ("ogg", "libopus", 48_000, {"page_duration": "200000"}),
    "aac": ("adts", "aac", 24_000, {}),
    "flac": ("flac", "flac", 24_000, {}),
    "wav": ("wav", "pcm_s16le", 24_000, {}),
    "pcm": ("s16le", "pcm_s16le", 24_000, {}),
}


def length_s(path: Path) -> float:
    """Tell how long a recording is, by its head or else by its packets.

    Raises:
        Invalid: It cannot be read.
    """
    import av  # noqa: PLC0415 -- heavy, and only needed here

    try:
        with av.open(str(path)) as container:
            stream = _sound_of(container)
            if container.duration:
                return float(container.duration) / av.time_base
            return _last_s(container, stream)
    except (av.FFmpegError, ValueError) as error:
        raise Invalid(_UNREADABLE) from error


def _sound_of(container: Any) -> Any:
    if not container.streams.audio:
        raise Invalid(_NO_SOUND)
    return container.streams.audio[0]


def _last_s(container: Any, stream: Any) -> float:
    last = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None and packet.time_base is not None:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return last


def samples_of(path: Path) -> Iterator["Samples"]:
    """Read a recording block by block: one channel, HEARD_RATE samples a second.

    Raises:
        Invalid: It cannot be read.
    """
    import av  # noqa: PLC0415 -- heavy, and only needed here

    try:
        with av.open(str(path)) as container:
            stream = _sound_of(container)
            resampler = av.AudioResampler(format="s16", layout="mono", rate=HEARD_RATE)
            for frame in container.decode(stream):
                for heard in resampler.resample(frame):
                    yield heard.to_ndarray()[0]
            for heard in resampler.resample(None):
                yield heard.to_ndarray()[0]
    except (av.FFmpegError, ValueError) as error:
        raise Invalid(_UNREADABLE) from error


class _Sink:
    """A file that can only be written on; PyAV writes into it, `take` empties it."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, piece: bytes) -> int:
        """Keep a piece."""
        self._written += piece
        return len(piece)

    def take(self) -> bytes:
        """Give what has come since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken


class Encoder:
    """Writes sound in one form, piece by piece; what is given out makes one file.

    Args:
        form: See `shared.services.speech.FORMS`.
        rate: Samples a second of what is put in.
    """

    def __init__(self, form: str, rate: int) -> None:
        import av  # noqa: PLC0415 -- heavy, and only needed here

        container, codec, self._out_rate, options = _WRITTEN[form]
        self._av, self._rate, self._position, self._odd = av, rate, 0, b""
        self._sink = _Sink()
        options = {"flush_packets": "1", **options}
        self._container: Any = av.open(self._sink, "w", format=container, options=options)
        self._stream: Any = self._container.add_stream(codec, rate=self._out_rate, layout="mono")
        codec_context: Any = self._stream.codec_context
        self._resampler = av.AudioResampler(
            format=codec_context.format, layout="mono", rate=self._out_rate
        )
        self._waiting = av.AudioFifo()

    def write(self, pcm: bytes) -> bytes:
        """Put 16-bit samples in; gives what can be sent on by now, maybe nothing."""
        import numpy as np  # noqa: PLC0415 -- heavy

        pcm = self._odd + pcm
        whole = len(pcm) & ~1
        self._odd = pcm[whole:]
        if whole:
            samples = np.frombuffer(pcm[:whole], np.int16)[None, :]
            frame = self._av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = self._rate, self._position
            self._position += samples.shape[1]
            self._resample(frame)
        return self._sink.take()

    def finish(self) -> bytes:
        """Give the rest."""
        self._resample(None)
        rest = self._waiting.read()
        self._encode(rest)
        if rest is not None:
            self._encode(None)
        self._container.close()
        return self._sink.take()

    def _resample(self, frame: Any) -> None:
        if frame is None and not self._position:
            return  # nothing was said
        for resampled in self._resampler.resample(frame):
            self._waiting.write(resampled)
        wanted = self._stream.codec_context.frame_size or 0
        while (ready := self._waiting.read(wanted)) is not None:
            self._encode(ready)

    def _encode(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
