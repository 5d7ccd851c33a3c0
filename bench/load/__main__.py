"""The load client's process: reads orders from standard input, one JSON object a line, and answers.

open     makes streams ready                 → {"said": "ready"}
go       starts them                         → "started" (all have a word), "ending" (the first
                                               is through), "ended"
analyse  checks and measures what they kept  → "result"
"""

import gc
import json
import statistics
import sys
import time
from typing import Any

from bench.load import answers
from bench.load.doors import DOORS, JobStream, Stream, Target
from bench.load.loop import Loop


def say(what: str, **more: Any) -> None:
    sys.stdout.write(json.dumps({"said": what, **more}) + "\n")
    sys.stdout.flush()


class Run:
    """Some streams that belong together.

    Args:
        order: `door`, `target`, `users` (their tokens), `count`, `question` (steering words),
            `words` (of each answer), `spread_s` (starts are spread over so long), `serial` (the
            next starts when the one before has ended), `timeout_s`.
    """

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._loop = Loop()
        target = Target(**order["target"])
        kind, users = DOORS[order["door"]], order["users"]
        self.streams: list[Stream] = [
            kind(self._loop, target, users[n % len(users)], self._question(n))
            for n in range(order["count"])
        ]
        for stream in self.streams:
            stream.on_start, stream.on_end = self._note_start, self._note_end
        self._started = self._ended = 0

    def _question(self, number: int) -> str:
        return f"Question {number} of {time.monotonic_ns()}: stamp=1 {self._order['question']}"

    def open(self) -> None:
        for stream in self.streams:
            stream.open()
        ready = self._loop.run(lambda: all(s.is_ready for s in self.streams), 20)
        say("ready", failure="" if ready else "the doors do not open")

    def go(self) -> None:
        gc.collect()
        gc.disable()
        self._plan()
        self._loop.run(lambda: self._ended == len(self.streams), self._order["timeout_s"])
        gc.enable()
        say("ended", seconds=self._seconds())
        for stream in self.streams:
            stream.close()

    def _plan(self) -> None:
        now, count = time.monotonic(), len(self.streams)
        first = self.streams[:1] if self._order["serial"] else self.streams
        for number, stream in enumerate(first):
            self._loop.at(now + self._order["spread_s"] * number / count, stream.start)

    def _note_start(self) -> None:
        self._started += 1
        if self._started == len(self.streams):
            say("started")

    def _note_end(self) -> None:
        self._ended += 1
        if self._ended == 1:
            say("ending")
        if self._order["serial"] and self._ended < len(self.streams):
            self._loop.at(time.monotonic() + 0.02, self.streams[self._ended].start)

    def _seconds(self) -> float:
        end = max(s.ended_ns for s in self.streams)
        return (end - min(s.sent_ns for s in self.streams)) / 1e9

    def analyse(self, window: tuple[int, int]) -> None:
        problems = []
        for number, stream in enumerate(self.streams):
            try:
                answers.check(stream, self._order["words"])
            except answers.Broken as broken:
                problems.append(f"stream {number}: {broken}")
        times = [answers.timed(stream) for stream in self.streams]
        inside = [(c, s) for words in times for c, s in words if window[0] <= c <= window[1]]
        say(
            "result",
            whole=len(self.streams) - len(problems),
            problems=problems[:3],
            words=sum(len(words) for words in times),
            pieces=sum(len(stream.pieces) for stream in self.streams),
            seconds=self._seconds(),
            ttft_ms=[(s.started_ns - s.sent_ns) / 1e6 for s in self.streams],
            window_words=len(inside),
            delay_ms=percentiles([(c - s) / 1e6 for c, s in inside]),
            resumed_ns=[answers.resumed_ns(s) for s in self.streams if isinstance(s, JobStream)],
        )


def percentiles(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {}
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


def main() -> None:
    run: Run | None = None
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "open":
            run = Run(order)
            run.open()
        elif run is not None and order["do"] == "go":
            run.go()
        elif run is not None:
            run.analyse((order["from_ns"], order["to_ns"]))
            run = None


if __name__ == "__main__":
    main()
