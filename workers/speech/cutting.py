"""Cutting a recording into pieces where nobody speaks."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from workers.speech.base import HEARD_RATE, Sound

if TYPE_CHECKING:
    from workers.speech.base import Samples

# How finely silence is looked for, and how much of a piece, from its end, is searched.
_WINDOW = HEARD_RATE // 10
_SEARCHED = 0.5


def cut(blocks: Iterable["Samples"], longest_s: float) -> Iterator[Sound]:
    """Cut at the quietest moment of the second half of what would be the longest piece. The same
    recording is always cut at the same places.

    Args:
        blocks: The recording, one block after the other; not all of it is held at once.
        longest_s: Of a piece.
    """
    import numpy as np  # noqa: PLC0415 -- heavy

    longest = int(longest_s * HEARD_RATE)
    waiting: list[Samples] = []
    size = start = 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        while size >= longest:
            held = np.concatenate(waiting)
            place = _quietest(held[:longest])
            yield Sound(held[:place], start / HEARD_RATE)
            start, waiting, size = start + place, [held[place:]], size - place
    if size:
        yield Sound(np.concatenate(waiting), start / HEARD_RATE)


def _quietest(samples: "Samples") -> int:
    """Give the middle of the quietest tenth of a second of the second half; the last of several."""
    import numpy as np  # noqa: PLC0415 -- heavy

    first = int(len(samples) * (1 - _SEARCHED))
    count = (len(samples) - first) // _WINDOW
    if count < 1:
        return len(samples)
    windows = samples[first : first + count * _WINDOW].reshape(count, _WINDOW).astype(np.float32)
    loudness = np.square(windows).mean(axis=1)
    last = count - 1 - int(np.argmin(loudness[::-1]))
    return first + last * _WINDOW + _WINDOW // 2
