"""What each process tells of itself every few seconds: that it is there, what it serves, what it
takes, and what it has counted.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import orjson
from redis.exceptions import RedisError

from shared.metrics.catalogue import BY_NAME, METRICS
from shared.metrics.counting import Labels
from shared.redis import get_redis, key

log = logging.getLogger(__name__)

# A process that was silent for so long is gone.
LASTS_S = 15
_PAUSE_S = 5.0
_DIVIDER = "\x1f"
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

# By Redis' own clock: those of two machines may differ. KEYS: reports, moments. ARGV: who, report.
_TELL = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], redis.call('TIME')[1], ARGV[1])
"""
# ARGV: seconds that a report lasts.
_READ = """
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', redis.call('TIME')[1] - ARGV[1])
for _, who in ipairs(gone) do
  redis.call('HDEL', KEYS[1], who)
  redis.call('ZREM', KEYS[2], who)
end
return redis.call('HVALS', KEYS[1])
"""

Counts = list[tuple[str, Labels, int, float]]


@dataclass
class _Me:
    """This process, as it tells of itself."""

    name: str = ""
    queues: tuple[str, ...] = ()
    started_at: float = field(default_factory=time.time)
    gauges: dict[str, Callable[[], float]] = field(default_factory=dict)
    thread: threading.Thread | None = None
    wakes: threading.Event = field(default_factory=threading.Event)
    is_leaving: bool = False

    @property
    def id(self) -> str:
        """Name it among all processes of all machines."""
        return f"{self.name}:{socket.gethostname()}:{os.getpid()}"


_me = _Me()


def _keys() -> tuple[str, str]:
    return key("processes"), key("processes", "seen")


def identify(name: str, queues: Collection[str] = ()) -> None:
    """Say what this process is, before it is told anywhere.

    Args:
        name: Of the process.
        queues: Those whose jobs it takes.
    """
    _me.name, _me.queues = name, tuple(queues)


def add_gauge(name: str, value: Callable[[], float]) -> None:
    """Have a number of this process told with each report; it must not wait for anything."""
    _me.gauges[name] = value


def start() -> None:
    """Begin to tell, in the background; once more is harmless."""
    if _me.thread is None:
        _me.thread = threading.Thread(target=_run, name="reports", daemon=True)
        _me.thread.start()


def leave() -> None:
    """Tell for the last time what was counted, and that this process is gone."""
    _me.is_leaving = True
    try:
        send_counts()
        reports, seen = _keys()
        with get_redis().pipeline(transaction=False) as pipe:
            pipe.hdel(reports, _me.id)
            pipe.zrem(seen, _me.id)
            pipe.execute()
    except RedisError as error:
        log.debug("nobody hears that this process leaves: %s", error)


def _run() -> None:
    while not _me.is_leaving:
        try:
            tell()
        except RedisError as error:
            log.debug("what was counted stays here, Redis is away: %s", error)
        _me.wakes.wait(_PAUSE_S)


def tell() -> None:
    """Tell once of this process, and bring what it has counted to Redis.

    Raises:
        redis.exceptions.RedisError: Redis is away; what was counted is kept.
    """
    get_redis().eval(_TELL, 2, *_keys(), _me.id, orjson.dumps(_report()))
    send_counts()


def _report() -> dict[str, Any]:
    return {
        "name": _me.name,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "queues": _me.queues,
        "started_at": _me.started_at,
        "cpu_s": sum(os.times()[:2]),
        "rss_bytes": _rss_bytes(),
        "gauges": {name: value() for name, value in _me.gauges.items()},
    }


def _rss_bytes() -> int:
    """Read what this process takes of the memory; 0 where the system has no such file."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def send_counts() -> None:
    """Add what this process has counted to what all have.

    Raises:
        redis.exceptions.RedisError: Redis is away; it is counted with the next.
    """
    taken: Counts = [(m.name, *row) for m in METRICS for row in m.take()]
    if not taken:
        return
    try:
        with get_redis().pipeline(transaction=False) as pipe:
            for name, labels, place, amount in taken:
                field_name = _DIVIDER.join((name, *labels, str(place)))
                pipe.hincrbyfloat(key("metrics"), field_name, amount)
            pipe.execute()
    except RedisError:
        for name, labels, place, amount in taken:
            BY_NAME[name].put_back(labels, place, amount)
        raise


def counts() -> dict[str, dict[Labels, list[float]]]:
    """Read what all processes have counted: rows by metric and labels, see `Metric`.

    Raises:
        redis.exceptions.RedisError: Redis is away.
    """
    found: dict[str, dict[Labels, list[float]]] = {}
    for packed, amount in get_redis().hgetall(key("metrics")).items():
        name, *labels, place = packed.decode().split(_DIVIDER)
        metric = BY_NAME.get(name)
        if metric is None or len(labels) != len(metric.labels):
            continue  # counted by another version
        rows = found.setdefault(name, {})
        row = rows.setdefault(tuple(labels), [0.0] * (len(metric.bounds) + 2))
        if int(place) < len(row):
            row[int(place)] = float(amount)
    return found


def processes() -> list[dict[str, Any]]:
    """Read what the living processes tell of themselves, in the order of their names.

    Raises:
        redis.exceptions.RedisError: Redis is away.
    """
    found = [orjson.loads(one) for one in get_redis().eval(_READ, 2, *_keys(), LASTS_S)]
    return sorted(found, key=lambda one: (one["name"], one["host"], one["pid"]))


def _start_afresh() -> None:
    """Leave what the parent has counted to the parent; a forked process serves no queue itself."""
    global _me  # noqa: PLW0603 -- one for each process
    _me = _Me(_me.name)
    for metric in METRICS:
        metric.forget()


os.register_at_fork(after_in_child=_start_afresh)
