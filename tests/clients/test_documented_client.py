"""The Python client printed in docs/events.md runs as it stands there."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fakes.openai_server import answer_for
from tests.services.client import Account, add_user
from tests.services.stack import Stack
from tests.services.waiting import wait_until

PAGE = Path(__file__).parents[2] / "docs/events.md"
Start = Callable[..., "Script"]


class Script:
    """The client at work, as a program of its own; its output goes to a file."""

    def __init__(self, code: Path, output: Path, *arguments: str):
        self._output = output
        with output.open("w") as out:
            command = [sys.executable, "-u", str(code), *arguments]
            self._process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)

    @property
    def lines(self) -> list[str]:
        """What it has printed: the answer as it grew."""
        return self._output.read_text().splitlines()

    def wait_for(self, word: str) -> None:
        wait_until(lambda: word in self._output.read_text(), 20, f"{word} in the output")

    def finish(self, code: int = 0) -> list[str]:
        assert self._process.wait(40) == code, self.lines[-5:]
        return self.lines

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's only block of Python, in a file."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    path = tmp_path_factory.mktemp("client") / "follow.py"
    path.write_text(block)
    return path


@pytest.fixture
def start(code: Path, alice: Account, tmp_path: Path) -> Iterator[Start]:
    """Start the client for a job of Alice's."""
    made: list[Script] = []

    def make(job: str, token: str = alice.token) -> Script:
        made.append(Script(code, tmp_path / f"{len(made)}.txt", alice.base, token, job))
        return made[-1]

    yield make
    for script in made:
        script.kill()


def test_it_prints_the_answer_as_it_grows(start: Start, alice: Account):
    question = "Grow. tokens=20 delay=10"

    lines = start(alice.ask(question)).finish()

    assert lines[-1] == answer_for(question)
    assert len(set(lines)) > 3
    assert all(answer_for(question).startswith(line) for line in lines)


def test_it_begins_the_answer_anew_when_the_worker_is_lost(
    start: Start, alice: Account, stack: Stack
):
    question = "Hold on. tokens=60 delay=20"
    script = start(alice.ask(question))
    script.wait_for("w010")

    stack.inference[0].restart()

    lines = script.finish()
    assert lines[-1] == answer_for(question)
    dropped = [before for before, line in pairwise(lines) if before and not line]
    assert "w010" in dropped[0]


def test_it_comes_back_when_the_web_process_is_lost(start: Start, alice: Account, stack: Stack):
    question = "Stay. tokens=80 delay=20"
    script = start(alice.ask(question))
    script.wait_for("w010")

    stack.web[0].restart()

    assert script.finish()[-1] == answer_for(question)


def test_it_ends_with_the_text_of_a_job_that_was_cancelled(start: Start, alice: Account):
    job = alice.ask("On and on. endless=1 delay=20")
    script = start(job)
    script.wait_for("w003")

    alice.cancel(job)

    assert "w003" in script.finish()[-1]


def test_it_finds_the_answer_of_a_job_whose_log_has_expired(
    start: Start, alice: Account, stack: Stack
):
    job = alice.ask("Long ago. tokens=3")
    alice.follow(job)

    with stack.valkey.client() as valkey:
        assert valkey.delete(*valkey.keys(f"*{job}*"))

    assert start(job).finish()[-1] == answer_for("Long ago. tokens=3")


def test_it_says_so_when_the_job_is_anothers(start: Start, alice: Account):
    job = alice.ask("Mine. tokens=3")

    lines = start(job, add_user(alice).token).finish(1)

    assert lines[-1].endswith("HTTP Error 404: NOT FOUND")
