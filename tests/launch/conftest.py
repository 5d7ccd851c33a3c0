"""Processes that are started with a mark, so that everything they have started can be found."""

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from tests.services.process import Process
from tests.services.waiting import wait_until

ROOT = Path(__file__).parents[2]
_MARK = "SWITCHYARD_TEST_MARK"


class Marked(Process):
    """A process whose whole offspring carries a mark in its environment."""

    mark: str = ""

    def everybody(self) -> list[psutil.Process]:
        """Everything that lives and was started by this process, itself included."""
        return [p for p in psutil.process_iter() if _mark_of(p) == self.mark]

    def pid_of(self, word: str) -> int:
        """The pid of the process with a word in its command line, once there is exactly one."""
        find = lambda: [p.pid for p in self.everybody() if word in command_line(p)]  # noqa: E731
        return wait_until(lambda: len(find()) == 1 and find(), 20, f"one process {word!r}")[0]

    def wait_until_nothing_is_left(self, timeout_s: float = 15) -> None:
        """Wait for the end of all processes."""
        left = lambda: [command_line(p) for p in self.everybody()]  # noqa: E731
        # One that is about to end has no environment any more, and no exit code yet.
        is_over = lambda: not left() and not self.is_running  # noqa: E731
        try:
            wait_until(is_over, timeout_s, "all processes to be gone")
        except AssertionError as error:
            raise AssertionError(f"{error}: {left()}\n{self.tail()}") from None

    def wait_for(self, text: str, timeout_s: float = 20) -> None:
        """Wait until a text stands in the output."""
        try:
            wait_until(lambda: text in self.output(), timeout_s, f"{text!r} in the output")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _mark_of(process: psutil.Process) -> str | None:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.environ().get(_MARK)
    except (psutil.Error, OSError):
        return None


Start = Callable[..., Marked]


@pytest.fixture
def start_marked(tmp_path: Path) -> Iterator[Start]:
    """Start a program in a group of its own; at the end of the test nothing of it is left."""
    started: list[Marked] = []

    def start(
        command: Sequence[str],
        is_ready: Callable[[Process], bool],
        env: dict[str, str] | None = None,
        log: str = "log",
    ) -> Marked:
        mark = uuid.uuid4().hex
        environment = {**os.environ, _MARK: mark, **(env or {})}
        marked = Marked(log, command, environment, tmp_path / log, ROOT, is_ready)
        marked.mark = mark
        started.append(marked)
        marked.start()
        return marked

    yield start
    for marked in started:
        for process in marked.everybody():
            process.kill()
