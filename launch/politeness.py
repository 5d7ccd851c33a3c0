"""Letting a process's `nice` count against the processes beside it.

Linux shares the CPU between sessions first ("autogroup"), and a process manager gives each of its
processes a session of its own: a nice value counts only inside of that, so the session has to have
it as well. In a control group of its own (systemd, containers) that group's weight decides.
Source: sched(7), "The autogroup feature".
"""

import contextlib
import os
from pathlib import Path

_SESSION = Path("/proc/self/autogroup")


def be_as_nice_as_started() -> None:
    """Give this process's session the nice value that the process was started with."""
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    # A session that is another's, such as a terminal's, is left alone.
    if nice > 0 and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # no such feature, or changed too often
            _SESSION.write_text(str(nice))
