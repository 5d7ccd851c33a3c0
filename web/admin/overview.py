"""Everything that runs here at a glance, gathered once a second for as long as an admin looks."""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import orjson
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from shared import db, sweep
from shared.errors import Unavailable
from shared.ids import now_s
from shared.kinds.base import QUEUES
from shared.metrics import reports
from shared.models.job import QUEUED, RUNNING
from shared.services import board
from shared.services.board import Line
from web.admin.progress import Progress, Watcher

log = logging.getLogger(__name__)

_PAUSE_S = 1.0
_MOST_RUNNING, _MOST_WAITING, _MOST_FAILURES = 100, 20, 25
FAILURES_LAST_S = 86_400


def gather(watcher: Watcher) -> dict[str, Any]:
    """Look at everything once.

    Raises:
        Unavailable, sqlalchemy.exc.DBAPIError, redis.exceptions.RedisError: A part is away.
    """
    now = now_s()
    with db.reading():
        counts = sweep.open_counts()
        running = board.running(_MOST_RUNNING)
        waiting = board.waiting(_MOST_WAITING)
        failures = board.failures(now - FAILURES_LAST_S, _MOST_FAILURES)
    processes = reports.processes()
    known = watcher.look([job.id for job in running])
    return {
        "at": now,
        "queues": _queues(counts, processes, now),
        "running": [_running(job, known[job.id], now) for job in running],
        "waiting": [{**_shown(job), "for_s": max(now - job.created_at, 0)} for job in waiting],
        "failures": [_shown(job) for job in failures],
        "processes": [_process(one, now) for one in processes],
    }


def _queues(
    counts: list[tuple[str, str, str, int, int]], processes: list[dict[str, Any]], now: int
) -> list[dict[str, Any]]:
    numbers: Counter[tuple[str, str]] = Counter()
    oldest: dict[str, int] = {}
    for queue, status, _, number, since in counts:
        numbers[queue, status] += number
        if status == QUEUED:
            oldest[queue] = max(oldest.get(queue, 0), now - since)
    serving = Counter(queue for one in processes for queue in one["queues"])
    return [
        {
            "name": queue,
            "running": numbers[queue, RUNNING],
            "waiting": numbers[queue, QUEUED],
            "oldest_s": oldest.get(queue, 0),
            "workers": serving[queue],
        }
        for queue in QUEUES
    ]


def _shown(job: Line) -> dict[str, Any]:
    return {**asdict(job), "name": label(job.kind)}


def label(kind: str) -> str:
    """Write a kind of job as people say it: `inference.run_chat` is "Run chat"."""
    return kind.rpartition(".")[2].replace("_", " ").capitalize()


def _running(job: Line, known: Progress, now: int) -> dict[str, Any]:
    pace = known.tokens_per_s
    told = known.told or {}
    return {
        **_shown(job),
        "for_s": max(now - (job.started_at or job.created_at), 0),
        "percent": known.percent,
        "note": str(told.get("note") or ""),
        "tokens_per_s": None if pace is None else round(pace, 1),
    }


def _process(one: dict[str, Any], now: int) -> dict[str, Any]:
    return {
        "name": one["name"],
        "id": f"{one['name']}:{one['host']}:{one['pid']}",
        "host": one["host"],
        "pid": one["pid"],
        "queues": one["queues"],
        "busy": _busy(one["gauges"]),
        "rss_bytes": one["rss_bytes"],
        "for_s": max(int(now - one["started_at"]), 0),
    }


def _busy(gauges: dict[str, float]) -> str:
    """Write what a process has to do: "3 jobs", "1 stream"."""
    told = [
        f"{gauges[name]:.0f} {word}{'' if gauges[name] == 1 else 's'}"
        for name, word in (("jobs_running", "job"), ("streams_open", "stream"))
        if name in gauges
    ]
    return ", ".join(told)


class Subscription:
    """One admin who looks, over a socket: gets each view when the one before is sent.

    Args:
        send: Sends a text; may take its time, and raises OSError when the client is gone.
    """

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send = send
        self._newest: bytes | None = None
        self._news = threading.Event()
        self._is_stopped = False

    def start(self) -> None:
        """Begin to send."""
        threading.Thread(target=self._run, name="overview", daemon=True).start()
        _gatherer.add(self)

    def stop(self) -> None:
        """Send nothing more."""
        self._is_stopped = True
        _gatherer.remove(self)
        self._news.set()

    def show(self, view: bytes) -> None:
        """Take the newest view; one that was not sent yet is of no use any more."""
        self._newest = view
        self._news.set()

    def _run(self) -> None:
        while self._news.wait() and not self._is_stopped:
            self._news.clear()
            view, self._newest = self._newest, None
            try:
                if view is not None:
                    self._send(view)
            except OSError:
                self.stop()


class _Gatherer:
    """Gathers one view for all who look at this process."""

    def __init__(self) -> None:
        self._lookers: dict[Subscription, None] = {}
        self._wakes = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, looker: Subscription) -> None:
        self._lookers[looker] = None
        self._wakes.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="gatherer", daemon=True)
            self._thread.start()

    def remove(self, looker: Subscription) -> None:
        self._lookers.pop(looker, None)

    def _run(self) -> None:
        watcher = Watcher()
        while True:
            if not self._lookers:
                watcher = Watcher()
                self._wakes.wait()
            self._wakes.clear()
            view = orjson.dumps({"op": "overview", **self._view(watcher)})
            for looker in list(self._lookers):
                looker.show(view)
            self._wakes.wait(_PAUSE_S)

    @staticmethod
    def _view(watcher: Watcher) -> dict[str, Any]:
        try:
            return {"overview": gather(watcher)}
        except (Unavailable, DBAPIError, RedisError) as error:
            log.warning("the overview cannot be gathered: %s", error)
            return {"overview": None, "detail": Unavailable().message}
        except Exception:  # border: whoever looks would be left with an old view for ever
            log.exception("the overview cannot be gathered")
            return {"overview": None, "detail": "The overview cannot be gathered; see the log."}


_gatherer = _Gatherer()
