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
    """A process that is to run: its command, and its present process, pipe and fate."""

    def __init__(self, name: str, command: str) -> None:
        self.name = name
        self.command = command
        self.pid = 0
        self.pipe = -1
        self.buffer = LineBuffer()
        self.due: float | None = None
        self.quick_deaths = 0
        self.is_wanted_dead = False
        self._started_at = 0.0

    def start(self, inherited_fd: int | None = None) -> None:
        """Start the command in a process group of its own, its output tied to a pipe of ours.

        Args:
            inherited_fd: A descriptor that the process keeps open as its number 3.
        """
        self.buffer = LineBuffer()
        self.pipe, write = os.pipe()
        os.set_blocking(self.pipe, False)
        files: list[_SpawnFile] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, write, 1),
            (os.POSIX_SPAWN_DUP2, write, 2),
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
        os.close(write)
        self._started_at, self.due = time.monotonic(), None

    def read(self) -> tuple[list[bytes], bool]:
        """Give the lines that have come, and whether more may follow."""
        try:
            data = os.read(self.pipe, 65536)
        except BlockingIOError:
            return [], True
        return (self.buffer.feed(data), True) if data else (self.buffer.flush(), False)

    def read_rest(self) -> list[bytes]:
        """Give what an ended process has left in its pipe, and close the pipe."""
        lines: list[bytes] = []
        may_follow = self.pipe >= 0
        while may_follow:
            more, may_follow = self.read()
            lines += more
            may_follow = may_follow and bool(more)
        lines += self.buffer.flush()
        if self.pipe >= 0:
            os.close(self.pipe)
        self.pipe = -1
        return lines

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
