"""Everything that a measurement needs: the product, the fake provider and the load client."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench import meter
from bench.server import ROOT, Switchyard
from bench.urgency import raise_sessions
from tests.fakes.openai_server import FakeOpenAI

# Everything of the Procfile but the operators' window, which is no part of an answer's way.
_PROCESSES = ("web", "inference", "compute", "quick", "beat")
_PAGES = 50
# Beat's first message is due five seconds after its start; it loads what it needs for that.
_SETTLED_AFTER_S = 8.0
# Servers that use less of a core than this are at rest.
_REST_CORES = 0.08


@dataclass(frozen=True)
class Load:
    """Some answers.

    Attributes:
        count: How many.
        words: Of each answer; 1, or at least 3.
        delay_ms: Before each word; 0 for as fast as possible.
        spread_s: Starts are spread over so long.
        serial: The next starts when the one before has ended.
        door: One of bench.load.doors.
    """

    count: int
    words: int
    delay_ms: int = 20
    spread_s: float = 0.0
    serial: bool = False
    door: str = "sse"
    timeout_s: float = 60.0

    @property
    def question(self) -> str:
        # The fake adds a word before and one after those that it counts.
        length = "say=word" if self.words == 1 else f"tokens={self.words - 2}"
        return f"{length} delay={self.delay_ms}"


@dataclass
class Outcome:
    """What a load brought.

    Attributes:
        result: Of the load client's analysis.
        steady: Used while all streams were running; None when they were not all at once.
        whole: Used from before the first start until the servers were at rest again.
    """

    result: dict[str, Any]
    steady: meter.Usage | None
    whole: meter.Usage


class LoadClient:
    """The load client's process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, do: str, **more: Any) -> None:
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load client has ended")
        return dict(json.loads(line))

    def hear_until(self, what: str) -> dict[str, Any]:
        while (heard := self.hear())["said"] != what:
            pass
        return heard

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


class Rig:
    """A warm stack to measure.

    Args:
        folder: Holds its data.
        is_urgent: Whether it takes the CPU before others.
    """

    def __init__(self, folder: Path, is_urgent: bool = False) -> None:
        self.folder, self.is_urgent = folder, is_urgent
        self.fake = FakeOpenAI(tokens=1, delay=0)
        self.usages: list[meter.Usage] = []
        self.problems: list[str] = []
        self.turns = 0
        self.long_job = ""
        # Users with stored chats, by how many; see bench.stored.
        self.owners: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self.fake.start()
        started = time.monotonic()
        self.server = Switchyard(self.folder, self.fake.url, *_PROCESSES)
        self.server.start()
        self.client = LoadClient()
        try:
            self.server.wait_ready()
            self.token = self.server.sign_up()
            self.model = self.server.first_model(self.token)
        except BaseException:
            self.__exit__()
            raise
        self._pages: list[str] = []
        self.look_again()
        self.run(Load(20, 20, spread_s=0.5))
        time.sleep(max(0.0, started + _SETTLED_AFTER_S - time.monotonic()))
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.server.stop()
        self.fake.stop()

    def look_again(self) -> None:
        """Find the processes; some of them may be new."""
        self._server_pids = self.server.processes()
        if self.is_urgent:
            raise_sessions(self._server_pids)

    @property
    def pages(self) -> list[str]:
        """Tokens of users with one socket each, made on first use."""
        while len(self._pages) < _PAGES:
            self._pages.append(self.server.add_user(self.token, len(self._pages)))
        return self._pages

    def direct(self, load: Load) -> Outcome:
        """Put a load on the fake provider itself."""
        target = self._target(self.fake.port, "/v1", "fake-alpha")
        return self._run(load, target, ["sk-bench"])

    def run(
        self,
        load: Load,
        during: Callable[[], None] | None = None,
        users: Sequence[str] = (),
    ) -> Outcome:
        """Put a load on the product.

        Args:
            during: Called when all streams run, when the first is through, and after the last.
            users: Their tokens, taken in turn; the admin's when empty.
        """
        target = self._target(self.server.port, "/api", self.model)
        return self._run(load, target, users or [self.token], during)

    def reading(self) -> meter.Reading:
        """Read the meters."""
        tools = [os.getpid(), self.client.pid, self.fake.pid]
        return meter.read(self._server_pids, tools)

    def rest(self) -> None:
        """Wait until the servers have done what is left to do."""
        before = self.reading()
        for _ in range(30):
            time.sleep(0.1)
            now = self.reading()
            usage = now.since(before)
            if usage.total_s < _REST_CORES * usage.seconds + 0.01:
                return
            before = now

    def _target(self, port: int, prefix: str, model: str) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": port, "prefix": prefix, "model": model}

    def _run(
        self,
        load: Load,
        target: dict[str, Any],
        users: Sequence[str],
        during: Callable[[], None] | None = None,
    ) -> Outcome:
        order = {**vars(load), "question": load.question, "target": target, "users": list(users)}
        self.client.tell("open", **order)
        if failure := self.client.hear_until("ready")["failure"]:
            raise RuntimeError(failure)
        self.rest()
        first = self.reading()
        self.client.tell("go")
        marks = self._watch(during)
        self.rest()
        whole = self.reading().since(first)
        begin, end = marks.get("started", first), marks["ended"]
        if "started" in marks:
            end = marks.get("ending", end)
        self.client.tell("analyse", from_ns=begin.at_ns, to_ns=end.at_ns)
        result = self.client.hear_until("result")
        self.usages.append(whole)
        self.problems += result["problems"]
        return Outcome(result, end.since(begin) if "started" in marks else None, whole)

    def _watch(self, during: Callable[[], None] | None) -> dict[str, meter.Reading]:
        """Read the meters when all run, when the first is through, and after the last.

        Returns:
            The readings by what was said; without "started" if not all ran at once.
        """
        marks: dict[str, meter.Reading] = {}
        while "ended" not in marks:
            said = self.client.hear()["said"]
            if said != "started" or "ending" not in marks:
                marks[said] = self.reading()
            if during is not None:
                during()
        return marks
