"""One process under test: started in a group of its own, killed, frozen, stopped, restarted."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from tests.services.waiting import wait_until


class Process:
    """A program with its own process group, whose output goes to a file.

    Args:
        name: Shown in failures; names the log file.
        command: Program and arguments.
        env: The whole environment of the program.
        log: File that collects standard output and standard error over all starts.
        cwd: Its working directory.
        is_ready: Tells whether it serves; asked again and again by `start`.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: dict[str, str],
        log: Path,
        cwd: Path,
        is_ready: "Callable[[Process], bool]",
    ):
        self.name, self.command, self.env, self.log, self.cwd = name, list(command), env, log, cwd
        self._is_ready = is_ready
        self._popen: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        """Pid of the program, which is also the id of its group."""
        assert self._popen is not None, f"{self.name} was never started"
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        """Whether the program itself runs."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What the program ended with; None while it runs."""
        return self._popen.poll() if self._popen else None

    def launch(self) -> None:
        """Start the program without waiting for it."""
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                self.command,
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Wait until the program serves; fails with the end of its log when it ends before."""

        def ready() -> bool:
            assert self.is_running, f"{self.name} ended with {self.exit_code}:\n{self.tail()}"
            return self._is_ready(self)

        try:
            wait_until(ready, timeout_s, f"{self.name} to be ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    def start(self) -> None:
        """Start the program and wait until it serves."""
        self.launch()
        self.wait_ready()

    def kill(self) -> None:
        """Kill the whole group at once, as an out-of-memory killer would."""
        self._signal_group(signal.SIGKILL)
        if self._popen is not None:
            self._popen.wait(20)

    def freeze(self) -> None:
        """Stop the whole group in its tracks (SIGSTOP) and wait until it stands."""
        self._signal_group(signal.SIGSTOP)
        wait_until(
            lambda: all(p.status() == psutil.STATUS_STOPPED for p in self.family()),
            10,
            f"{self.name} to stand still",
        )

    def thaw(self) -> None:
        """Let a frozen group go on."""
        self._signal_group(signal.SIGCONT)

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the program, as a process manager does, without waiting."""
        if self.is_running:
            os.kill(self.pid, signal.SIGTERM)

    def stop(self, timeout_s: float = 30) -> int:
        """Send SIGTERM and wait for the end.

        Returns:
            The exit code.
        """
        self.ask_to_stop()
        return self.wait_end(timeout_s)

    def wait_end(self, timeout_s: float = 30) -> int:
        """Wait for the end of a program that was asked to stop.

        Returns:
            The exit code.

        Raises:
            AssertionError: It still runs.
        """
        assert self._popen is not None, f"{self.name} was never started"
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.name} does not end on SIGTERM in {timeout_s:g} s:\n{self.tail()}"
            ) from None

    def restart(self) -> None:
        """Kill what is left and start again, with the same ports and data."""
        if self.is_running:
            self.kill()
        self.start()

    def family(self) -> list[psutil.Process]:
        """The program and its descendants that live."""
        try:
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def rss_bytes(self) -> int:
        """Resident memory of the program and its descendants."""
        return sum(p.memory_info().rss for p in self.family())

    def output(self) -> str:
        """What the program wrote since its last start."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def tail(self, lines: int = 40) -> str:
        """The last lines of the log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _signal_group(self, number: int) -> None:
        if self._popen is None:
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return
