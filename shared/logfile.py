"""A rotating log file that several processes may write at once."""

import fcntl
import os
from logging import LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path


class SharedRotatingFile(RotatingFileHandler):
    """Appends lines; whichever process fills the file turns it over, the others follow.

    Python's own handler expects to be alone: a second process would go on writing into the file
    that was put aside, and put the new one aside in its turn.

    Args:
        path: The newest file; older ones are called `path.1`, `path.2` and so on.
        max_bytes: Size at which it is put aside.
        kept: So many older ones are kept.
    """

    def __init__(self, path: Path, max_bytes: int, kept: int) -> None:
        super().__init__(path, maxBytes=max_bytes, backupCount=kept, encoding="utf-8")
        self._lock_path = path.with_name(f".{path.name}.lock")

    def emit(self, record: LogRecord) -> None:
        """Write one line into whichever file is the newest now."""
        if not self._is_newest():
            self._reopen()
        super().emit(record)

    def doRollover(self) -> None:  # noqa: N802  (logging calls it)
        """Put the full file aside, unless another process has just done it."""
        with self._lock_path.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._is_newest():
                super().doRollover()
            else:
                self._reopen()

    def _is_newest(self) -> bool:
        if self.stream is None:
            return False
        try:
            there = os.stat(self.baseFilename)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(self.stream.fileno()))

    def _reopen(self) -> None:
        if self.stream is not None:
            self.stream.close()
        self.stream = self._open()
