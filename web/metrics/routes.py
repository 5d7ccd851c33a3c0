"""Routes of the counts: for Prometheus, with a token of its own."""

import hmac
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request

from shared import sweep
from shared.config.settings import get_settings
from shared.errors import NotFound
from shared.kinds.base import QUEUES
from shared.metrics import reports
from shared.metrics.catalogue import METRICS
from shared.models.job import QUEUED
from web.api import endpoint
from web.errors import Status
from web.metrics import text

bp = Blueprint("metrics", __name__)

# What processes tell of themselves: key of the report, name, words, kind.
_OF_PROCESSES = (
    ("rss_bytes", "resident_memory_bytes", "Memory that the process takes.", "gauge"),
    ("cpu_s", "cpu_seconds_total", "CPU time that it has taken.", "counter"),
    ("started_at", "start_time_seconds", "When it began, since 1970.", "gauge"),
)
_GAUGES = {
    "jobs_running": "Jobs on which the process works.",
    "streams_open": "Readers who follow a job at the process.",
}


@bp.get("/metrics")
@endpoint(
    transaction=None,
    media_type="text/plain",
    errors={401: "Not the token of METRICS_TOKEN", 404: "No METRICS_TOKEN is set"},
)
def show_metrics() -> Response:
    """Give everything that is counted, of all processes, to whoever has METRICS_TOKEN."""
    _check_token()
    lines = [*_jobs(), *_processes(), *_counts()]
    return Response("\n".join([*lines, ""]), content_type=text.CONTENT_TYPE)


def _check_token() -> None:
    wanted = get_settings().metrics_token
    if not wanted:
        raise NotFound
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Status(401, "This needs the token of METRICS_TOKEN.")


def _jobs() -> Iterator[str]:
    counts = sweep.open_counts()
    yield from text.gauge(
        "switchyard_jobs_open",
        "Jobs that have not ended, by where they stand.",
        (
            ({"queue": queue, "model": model, "status": status}, number)
            for queue, status, model, number, _ in counts
        ),
    )
    now, oldest = time.time(), dict.fromkeys(QUEUES, 0.0)
    for queue, status, _, _, since in counts:
        if status == QUEUED:
            oldest[queue] = max(oldest.get(queue, 0.0), now - since)
    yield from text.gauge(
        "switchyard_queue_oldest_seconds",
        "How long the oldest job that waits has been there; 0 when none waits.",
        (({"queue": queue}, waited) for queue, waited in oldest.items()),
    )


def _processes() -> Iterator[str]:
    found = reports.processes()
    serving = Counter(queue for one in found for queue in one["queues"])
    yield from text.gauge(
        "switchyard_queue_workers",
        "Worker processes that take jobs of a queue.",
        (({"queue": queue}, serving[queue]) for queue in QUEUES),
    )
    for name, told, words, kind in _OF_PROCESSES:
        rows = ((_labels(one), one[name]) for one in found)
        yield from text.gauge(f"switchyard_process_{told}", words, rows, kind)
    for name, words in _GAUGES.items():
        rows = ((_labels(one), one["gauges"][name]) for one in found if name in one["gauges"])
        yield from text.gauge(f"switchyard_process_{name}", words, rows)


def _labels(process: dict[str, Any]) -> dict[str, str]:
    return {
        "process": str(process["name"]),
        "host": str(process["host"]),
        "pid": str(process["pid"]),
    }


def _counts() -> Iterator[str]:
    counts = reports.counts()
    for metric in METRICS:
        yield from text.counted(metric, counts.get(metric.name, {}))
