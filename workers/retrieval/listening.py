"""The text of recordings: what is said in them."""

from pathlib import Path

from workers.retrieval.base import Extract
from workers.retrieval.filling import Step
from workers.speech import media
from workers.speech.base import Manner
from workers.speech.cutting import cut
from workers.speech.listeners import get_listener


def text_of(path: Path, step: Step) -> Extract:
    """Write down what is said in a recording.

    Args:
        step: Called with the seconds that were heard and those that there are; may raise.

    Raises:
        Invalid: It is no recording, or no engine that listens is configured.
        Unavailable: The engine does not answer.
    """
    engine, total_s = get_listener(), media.length_s(path)
    said: list[str] = []
    for sound in cut(media.samples_of(path), engine.longest_s):
        step(int(sound.start_s), int(total_s), "Listening")
        said += [segment["text"] for segment in engine.hear(sound, Manner()).segments]
    return Extract(" ".join(said))
