"""Python's garbage collector, set for processes that hold thousands of streams at once."""

import gc

# A stream is hundreds of objects that live for its whole length. With the default of 700 the
# collector walks through all of them again and again: 18 % of a web process's CPU in a burst.
_THRESHOLDS = (50_000, 20, 50)


def settle() -> None:
    """Leave what is loaded now out of all later collections, and collect less often.

    Call it when a process has imported what it needs. Frozen objects also keep the pages that a
    forked process shares with its parent from being copied.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
