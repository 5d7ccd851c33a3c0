"""What engines of speech have to be able to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.int16]

# What engines listen to: samples a second, one channel.
HEARD_RATE = 16_000


@dataclass(frozen=True)
class Sound:
    """A stretch of a recording, HEARD_RATE samples a second.

    Attributes:
        start_s: Where it begins in the recording.
    """

    samples: "Samples"
    start_s: float

    @property
    def end_s(self) -> float:
        """Where it ends in the recording."""
        return self.start_s + len(self.samples) / HEARD_RATE


@dataclass(frozen=True)
class Manner:
    """How to listen; see `shared.kinds.speech.Transcribe`."""

    language: str = ""
    hint: str = ""
    to_english: bool = False
    wants_words: bool = False


@dataclass(frozen=True)
class Heard:
    """What was said in a sound.

    Attributes:
        segments: `start` and `end` in seconds of the recording, `text`, and `words` (each `start`,
            `end`, `word`) where the engine tells them.
        language: Empty when the engine does not tell.
    """

    segments: list[dict[str, Any]] = field(default_factory=list)
    language: str = ""


class Listener(Protocol):
    """Turns speech into text.

    Attributes:
        longest_s: Recordings are cut into pieces of up to so many seconds.
    """

    longest_s: float

    def hear(self, sound: Sound, manner: Manner) -> Heard:
        """Write down one piece.

        Raises:
            Invalid: The engine cannot do what is wanted.
            Unavailable: It does not answer, or is not installed.
        """


Guard = Callable[[Callable[[], None]], Any]


@dataclass(frozen=True)
class Script:
    """What is to be said; see `shared.kinds.speech.Speak`."""

    text: str
    voice: str
    model: str
    form: str
    speed: float
    instructions: str = ""


class Speaker(Protocol):
    """Turns text into sound."""

    def say(self, script: Script, guard: Guard) -> Iterator[bytes]:
        """Give the sound in the wanted form, piece by piece while it is made.

        Args:
            guard: A context in which the job can be stopped: it is given what ends the wait.

        Raises:
            Invalid: There is no such voice or form.
            Unavailable: The engine does not answer, or is not installed.
        """

    def voices(self) -> list[dict[str, str]]:
        """List the voices, each with `id` and `name`.

        Raises:
            Unavailable: The engine does not answer.
        """

    def models(self) -> list[dict[str, str]]:
        """List the models, each with `id`, and maybe `name`.

        Raises:
            Unavailable: The engine does not answer.
        """
