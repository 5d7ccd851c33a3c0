"""One start per data folder: a lock that lasts as long as anything of it lives."""

import fcntl
import os
import time
from pathlib import Path

_PATIENCE_S = 15.0


def acquire(data_dir: Path) -> int | None:
    """Take the lock of a data folder.

    The lock belongs to the open file, so it passes on to the manager, its guard and Valkey. When a
    killed start is still being cleared away, this waits for it.

    Returns:
        The descriptor that holds the lock, or None when another start is running.
    """
    fd = os.open(data_dir / "run" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _PATIENCE_S
    while not _try_lock(fd):
        if _holder_lives(fd) or time.monotonic() > deadline:
            os.close(fd)
            return None
        time.sleep(0.1)
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    return fd


def holder(data_dir: Path) -> str:
    """Give the process id of the start that holds the lock."""
    return (data_dir / "run" / "lock").read_text("ascii").strip()


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder_lives(fd: int) -> bool:
    try:
        os.kill(int(os.pread(fd, 32, 0) or b"0"), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
