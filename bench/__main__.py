"""Measures the finished system and prints the table of docs/benchmarks.md.

    python -m bench [CASE...] [--rounds 3] [--json FILE] [--urgent]

Starts everything itself: the product with its own Valkey, a fake provider, a load client.
"""

import argparse
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from bench import meter
from bench.batches import batches
from bench.filtering import stream_filter
from bench.listening import beside_listening
from bench.measures import MEASURES
from bench.mishaps import cancel, kill, resume
from bench.rig import Rig
from bench.server import ROOT
from bench.start import Starts
from bench.stored import many_and_long, stored_calls
from bench.table import CASES, Case, Log, markdown, medians, row
from bench.uploads import beside_uploads, indexing
from bench.urgency import urgent_session
from bench.vectors import many_vectors
from tests.fakes.openai_server import FakeOpenAI

# The kill comes last: it leaves a worker that has just started.
_STORED = {"stored_calls": stored_calls, "many_and_long": many_and_long}
_MISHAPS = {"beside_listening": beside_listening, "cancel": cancel, "resume": resume, "kill": kill}
_RETRIEVAL = {
    "beside_uploads": beside_uploads,
    "indexing": indexing,
    "many_vectors": many_vectors,
}
_OTHERS = {"stream_filter": stream_filter, "batches": batches}
_MEASURES = {**MEASURES, **_STORED, **_OTHERS, **_RETRIEVAL, **_MISHAPS}
_START = "start"


def main() -> int:
    options = _options()
    cases = [case for case in CASES if not options.cases or case.name in options.cases]
    wanted = {name for case in cases for name in case.measures}
    logs = {name: Log([], [], []) for name in wanted}
    began = time.monotonic()
    with urgent_session() if options.urgent else nullcontext():
        _measure_all(options, wanted, logs)
    table = markdown([row(case, logs, meter.NOISE_CORES) for case in cases])
    _report(cases, table, logs, time.monotonic() - began, options.json)
    return 1 if "BROKEN" in table else 0


def _measure_all(options: argparse.Namespace, wanted: set[str], logs: dict[str, Log]) -> None:
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder:
        if _START in wanted:
            _measure_starts(Path(folder) / "start", options.rounds, logs[_START])
        names = [name for name in _MEASURES if name in wanted]
        if not names:
            return
        with Rig(Path(folder) / "warm", options.urgent) as rig:
            for number, name in itertools.product(range(options.rounds), names):
                _note(number, name)
                _measure(rig, name, logs[name])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n")[0])
    names = [case.name for case in CASES]
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write every number of every round here")
    parser.add_argument(
        "--urgent", action="store_true", help="take the CPU before others (needs root)"
    )
    options = parser.parse_args()
    if unknown := set(options.cases) - set(names):
        parser.error(f"there is no case {', '.join(sorted(unknown))}")
    return options


def _measure_starts(folder: Path, rounds: int, log: Log) -> None:
    """Measure starts while nothing else of ours runs."""
    with FakeOpenAI(tokens=1, delay=0) as fake:
        starts = Starts(folder, fake.url)
        for number in range(rounds):
            _note(number, _START)
            try:
                log.rounds.append(starts.measure())
            except (AssertionError, RuntimeError, OSError) as error:
                log.problems.append(f"{_START}: {error}")


def _measure(rig: Rig, name: str, log: Log) -> None:
    rig.usages.clear()
    rig.problems.clear()
    before = rig.reading()
    try:
        log.rounds.append(_MEASURES[name](rig))
    except (AssertionError, RuntimeError, OSError) as error:
        log.problems.append(f"{name}: {error}")
        rig.look_again()
    usages = rig.usages or [rig.reading().since(before)]
    log.foreign_cores.append(max(usage.foreign_cores for usage in usages))
    log.problems += rig.problems


def _note(number: int, name: str) -> None:
    print(f"round {number + 1}: {name}", file=sys.stderr)


def _report(
    cases: list[Case], table: str, logs: dict[str, Log], took_s: float, path: Path | None
) -> None:
    print(table)
    print(f"\n{time.strftime('%Y-%m-%d %H:%M')}, commit {_commit()}, {_machine()}, {took_s:.0f} s")
    print("\nMedians of all that was measured:")
    for name in dict.fromkeys(name for case in cases for name in case.measures):
        log = logs[name]
        numbers = "  ".join(f"{k}={v:.4g}" for k, v in medians(log.rounds).items())
        noise = "  ".join(f"{cores:.2f}" for cores in log.foreign_cores)
        print(f"- {name}: {numbers}  | cores used by others: {noise}")
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {name: vars(log) for name, log in logs.items()}
        path.write_text(json.dumps({"commit": _commit(), "table": table, "measures": whole}))


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.release()}"


if __name__ == "__main__":
    sys.exit(main())
