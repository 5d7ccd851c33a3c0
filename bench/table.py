"""The rows of the table: what is promised, where the number comes from, and the verdict."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.load.__main__ import percentiles
from bench.measures import Numbers


@dataclass(frozen=True)
class Limit:
    """One promise.

    Attributes:
        key: Name of the number in the measurements.
        must: What has to be reached.
        aim: What is wanted.
        unit: Written behind the number.
        take: "median" over the rounds, or "p50", "p95" or "p99" over all their samples.
        is_floor: Whether more is better.
        digits: Behind the point.
    """

    key: str
    must: float
    aim: float
    unit: str
    take: str = "median"
    is_floor: bool = False
    digits: int = 1

    def value(self, rounds: Sequence[Numbers]) -> float:
        """Draw the rounds together."""
        samples: list[float] = []
        for numbers in rounds:
            found = numbers[self.key]
            samples.extend(found if isinstance(found, list) else [found])
        if self.take == "median" or len(samples) < 2:
            return statistics.median(samples)
        return percentiles(samples)[self.take]

    def verdict(self, value: float) -> str:
        """Say which of the two was reached."""
        for name, bound in (("aim", self.aim), ("must", self.must)):
            if value >= bound if self.is_floor else value <= bound:
                return name
        return "MISSED"

    def text(self, value: float) -> str:
        return f"{value:,.{self.digits}f}{self.unit}"


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        name: For the command line.
        title: For the table.
        measures: Names of the measurements that it needs.
        limits: Its promises.
    """

    name: str
    title: str
    measures: tuple[str, ...]
    limits: tuple[Limit, ...]


CASES = (
    Case(
        "ttft",
        "added time to first token, one chat at a time, p50",
        ("first_words",),
        (Limit("ttft_added_ms", 12, 5, " ms"),),
    ),
    Case(
        "burst",
        "burst of 150 chats, added time to first token, p99",
        ("burst",),
        (Limit("burst_added_s", 1.0, 0.4, " s", digits=2),),
    ),
    Case(
        "chat",
        "CPU per started chat (1 token), 50/s",
        ("started_chats",),
        (Limit("chat_ms", 6, 3.5, " ms"),),
    ),
    Case(
        "token",
        "CPU per relayed token, 300 streams × 50 tokens/s",
        ("streams_300",),
        (Limit("token_us", 60, 30, " µs"),),
    ),
    # A filter may cost a token once more what relaying it may, and no more.
    Case(
        "streamfilter",
        "stream filter: CPU per chunk, 100 streams × 50 tokens/s; added delay p50",
        ("stream_filter",),
        (Limit("filter_us", 60, 30, " µs"), Limit("filter_delay_ms", 30, 15, " ms")),
    ),
    Case(
        "delay",
        "added delay per token p50, at 50 / 300 streams",
        ("streams_50", "streams_300"),
        (Limit("delay_50_ms", 3, 1, " ms"), Limit("delay_300_ms", 15, 8, " ms")),
    ),
    Case(
        "thousand",
        "1,000 streams: completed; tokens/s against direct",
        ("thousand",),
        (
            Limit("thousand_whole", 1000, 1000, "", is_floor=True, digits=0),
            Limit("thousand_ratio", 0.7, 0.9, "", is_floor=True, digits=2),
        ),
    ),
    Case(
        "flood",
        "flood (50 × 500): tokens/s against direct",
        ("flood",),
        (Limit("flood_ratio", 0.25, 0.5, "", is_floor=True, digits=2),),
    ),
    Case(
        "doors",
        "CPU against SSE: over /ws / over Socket.IO",
        ("doors",),
        (
            Limit("ws_ratio", 1.5, 1.1, "×", digits=2),
            Limit("socketio_ratio", 1.5, 1.1, "×", digits=2),
        ),
    ),
    Case(
        "memory",
        "1,000 streams: resident memory of web / worker",
        ("thousand",),
        (
            Limit("web_mb", 120, 90, " MB", digits=0),
            Limit("worker_mb", 130, 110, " MB", digits=0),
        ),
    ),
    Case(
        "listening",
        "a chat beside four transcriptions: p99 between words, against alone",
        ("beside_listening",),
        (Limit("gap_ratio", 1.5, 1.2, "×", digits=2),),
    ),
    Case(
        "uploads",
        "another user beside 50 uploads of 20 kB: list p95 / p99 between words, against alone",
        ("beside_uploads",),
        (
            Limit("uploads_list_ratio", 1.5, 1.2, "×", digits=2),
            Limit("uploads_gap_ratio", 1.5, 1.2, "×", digits=2),
        ),
    ),
    Case(
        "indexing",
        "indexing a text of 200 kB: speed against that of the bare embedding engine",
        ("indexing",),
        (Limit("indexing_ratio", 0.9, 0.95, "", is_floor=True, digits=2),),
    ),
    Case(
        "vectors",
        "search among 100,000 chunks, p95: SQLite / pgvector",
        ("many_vectors",),
        (
            Limit("vectors_sqlite_ms", 30, 15, " ms", take="p95"),
            Limit("vectors_pgvector_ms", 15, 8, " ms", take="p95"),
        ),
    ),
    Case(
        "cancel",
        "cancel until the provider sees it, p50 / p99",
        ("cancel",),
        (
            Limit("cancel_ms", 10, 5, " ms", take="p50"),
            Limit("cancel_ms", 1000, 75, " ms", take="p99"),
        ),
    ),
    Case(
        "kill",
        "kill -9 of the worker until its streams go on",
        ("kill",),
        (Limit("kill_s", 5, 3, " s"),),
    ),
    Case(
        "resume",
        "resume of a 10,000-token answer from seq 1",
        ("resume",),
        (Limit("resume_ms", 150, 50, " ms"),),
    ),
    Case(
        "batches",
        "batch of 2,400 lines: lines/s against direct; time to first token beside it",
        ("batches",),
        (
            Limit("batch_ratio", 0.8, 0.9, "", is_floor=True, digits=2),
            Limit("beside_batch_ratio", 1.5, 1.3, "×", digits=2),
        ),
    ),
    # Three times the requests/s and a third of the CPU of Open WebUI 0.12.4 on such a machine.
    Case(
        "calls",
        "5,000 chats: list / get / update / create (50 messages), requests/s",
        ("stored_calls",),
        (
            Limit("list_per_s", 417, 600, "", is_floor=True, digits=0),
            Limit("get_per_s", 285, 400, "", is_floor=True, digits=0),
            Limit("update_per_s", 123, 180, "", is_floor=True, digits=0),
            Limit("create_per_s", 13.2, 50, "", is_floor=True, digits=0),
        ),
    ),
    Case(
        "calls-cpu",
        "the same, CPU per request",
        ("stored_calls",),
        (
            Limit("list_ms", 2.4, 1.6, " ms"),
            Limit("get_ms", 3.5, 2.4, " ms"),
            Limit("update_ms", 8.1, 5.5, " ms"),
            Limit("create_ms", 76, 25, " ms"),
        ),
    ),
    Case(
        "many",
        "10,000 chats: first page / last page / search, p50",
        ("many_and_long",),
        (
            Limit("many_list_ms", 10, 5, " ms", take="p50"),
            Limit("many_last_page_ms", 20, 10, " ms", take="p50"),
            Limit("many_search_ms", 30, 15, " ms", take="p50"),
        ),
    ),
    Case(
        "long",
        "a chat of 10,000 messages: open / append (append to a short one), p50",
        ("many_and_long",),
        (
            Limit("long_open_ms", 500, 250, " ms", take="p50"),
            Limit("append_long_ms", 30, 15, " ms", take="p50"),
            Limit("append_short_ms", 30, 15, " ms", take="p50"),
        ),
    ),
    Case(
        "start",
        "start of everything to first token; memory at rest",
        ("start",),
        (Limit("start_s", 8, 4, " s"), Limit("rest_mb", 450, 300, " MB", digits=0)),
    ),
)


@dataclass
class Log:
    """What a measurement has brought, round by round.

    Attributes:
        foreign_cores: What others used of the machine meanwhile.
        problems: Answers that were not whole, and measurements that failed.
    """

    rounds: list[Numbers]
    foreign_cores: list[float]
    problems: list[str]


def row(case: Case, logs: dict[str, Log], noise_cores: float) -> list[str]:
    """Write one row: case, must, aim, measured, verdict."""
    own = [logs[name] for name in case.measures]
    problems = [problem for log in own for problem in log.problems]
    bounds = [
        " / ".join(limit.text(getattr(limit, which)) for limit in case.limits)
        for which in ("must", "aim")
    ]
    if not all(log.rounds for log in own):
        return [case.title, *bounds, "none", f"BROKEN: {problems[0]}"]
    values = [_value(limit, own) for limit in case.limits]
    measured = " / ".join(limit.text(v) for limit, v in zip(case.limits, values, strict=True))
    verdicts = [limit.verdict(v) for limit, v in zip(case.limits, values, strict=True)]
    verdict = " / ".join(verdicts) if len(set(verdicts)) > 1 else verdicts[0]
    noisy = sum(cores > noise_cores for log in own for cores in log.foreign_cores)
    if noisy:
        verdict += f" (noisy: {noisy} of {sum(len(log.foreign_cores) for log in own)})"
    if problems:
        verdict = f"BROKEN: {len(problems)}, {problems[0]}"
    return [case.title, *bounds, measured, verdict]


def _value(limit: Limit, logs: Sequence[Log]) -> float:
    log = next(log for log in logs if limit.key in log.rounds[0])
    return limit.value(log.rounds)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Write the table."""
    lines = [["case", "must", "aim", "measured", "verdict"], *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(5)]
    text = [
        " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) for line in lines
    ]
    text.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in text)


def medians(rounds: Sequence[Numbers]) -> dict[str, float]:
    """Give the median of every number."""
    return {key: Limit(key, 0, 0, "").value(rounds) for key in (rounds[0] if rounds else ())}
