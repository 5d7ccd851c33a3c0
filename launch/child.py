"""One line of the Procfile and the process that runs it."""

import os
import signal
import time

from launch.output import LineBuffer

_STEADY_S = 5.0  # who ran this long is restarted at once when it dies
_LONGEST_PAUSE_S = 15.0
_DEFAULT_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD)
_SpawnFile = tuple[int, int, str, int, int] | tuple[int, int, int]


class Child:
    """A process that is to run: its command, and its present process, output and fate.

    The pipe for its output outlives the process: whoever starts anew writes into the same one.
    """

    def __init__(self, name: str, command: str) -> None:
        self.name = name
        self.command = command
        self.pid = 0
        self.pipe, self._write_end = os.pipe()
        os.set_blocking(self.pipe, False)
        self.due: float | None = None
        self.quick_deaths = 0
        self.is_wanted_dead = False
        self._buffer = LineBuffer()
        self._started_at = 0.0

    def start(self, inherited_fd: int | None = None) -> None:
        """Start the command in a process group of its own.

        Args:
            inherited_fd: A descriptor that the process keeps open as its number 3.
        """
        files: list[_SpawnFile] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, self._write_end, 1),
            (os.POSIX_SPAWN_DUP2, self._write_end, 2),
        ]
        if inherited_fd is not None:
            files.append((os.POSIX_SPAWN_DUP2, inherited_fd, 3))
        self.pid = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", f"exec {self.command}"],
            os.environ,
            file_actions=files,
            setpgroup=0,
            setsigmask=(),
            setsigdef=_DEFAULT_SIGNALS,
        )
        self._started_at, self.due = time.monotonic(), None

    def read(self) -> list[bytes]:
        """Give the lines that have come."""
        return self._buffer.feed(read_some(self.pipe))

    def read_rest(self) -> list[bytes]:
        """Give what an ended process has left in the pipe."""
        lines: list[bytes] = []
        while data := read_some(self.pipe):
            lines += self._buffer.feed(data)
        return lines + self._buffer.flush()

    def plan_restart(self, code: int) -> str:
        """Note that the process has ended and when it is to start again.

        Nobody waits at the first death, nor who had run for a while; who dies early again and
        again waits longer and longer.

        Args:
            code: Exit status, or a signal's number below zero.

        Returns:
            One line for the operator.
        """
        now = time.monotonic()
        is_steady = now - self._started_at >= _STEADY_S
        wanted, self.is_wanted_dead = self.is_wanted_dead, False
        self.quick_deaths = 0 if is_steady or wanted else self.quick_deaths + 1
        pause = (
            min(0.125 * 2**self.quick_deaths, _LONGEST_PAUSE_S) if self.quick_deaths > 1 else 0.0
        )
        self.due = now + pause
        if wanted:
            return f"{self.name} starts anew"
        how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
        if not pause:
            return f"{self.name} {how}; starting it again"
        return (
            f"{self.name} cannot stay up: it {how} soon after its start,"
            f" {self.quick_deaths} times in a row; next try in {pause:g} s"
        )


def read_some(pipe: int) -> bytes:
    """Read what a pipe holds, nothing when it is empty."""
    try:
        return os.read(pipe, 65536)
    except BlockingIOError:
        return b""
