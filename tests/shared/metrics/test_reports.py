"""What processes tell of themselves, and what they have counted."""

import os
import threading

import pytest
from redis.exceptions import RedisError

from shared.metrics import reports
from shared.metrics.catalogue import ATTEMPTS, METRICS, QUEUE_WAIT
from shared.metrics.reports import _Me
from shared.redis import get_redis

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(autouse=True)
def _nothing_was_counted(monkeypatch):
    monkeypatch.setattr(reports, "_me", _Me())
    for metric in METRICS:
        metric.forget()


def test_what_is_counted_here_and_elsewhere_is_added_up():
    ATTEMPTS.count("interactive", "alpha", "first")
    reports.send_counts()
    ATTEMPTS.count("interactive", "alpha", "first", amount=2)
    reports.send_counts()

    counted = reports.counts()[ATTEMPTS.name]

    assert counted[("interactive", "alpha", "first")][0] == 3


def test_a_value_falls_into_its_bucket_and_into_the_sum():
    for seconds in (0.01, 0.2, 5000.0):
        QUEUE_WAIT.observe(seconds, "batch", None)
    reports.send_counts()

    *buckets, beyond, total = reports.counts()[QUEUE_WAIT.name][("batch", "")]

    assert (buckets[0], buckets[3], beyond) == (1, 1, 1)
    assert total == pytest.approx(5000.21)


def test_what_redis_does_not_take_is_counted_with_the_next(mortal_valkey):
    ATTEMPTS.count("interactive", "alpha", "first")
    mortal_valkey.kill()
    with pytest.raises(RedisError):
        reports.send_counts()
    mortal_valkey.restart()

    reports.send_counts()

    assert reports.counts()[ATTEMPTS.name][("interactive", "alpha", "first")][0] == 1


def test_a_process_tells_what_it_serves_and_what_it_takes():
    reports.identify("inference", ("interactive", "batch"))
    reports.add_gauge("jobs_running", lambda: 3)

    reports.tell()

    [told] = reports.processes()
    assert (told["name"], told["pid"]) == ("inference", os.getpid())
    assert (told["queues"], told["gauges"]) == (["interactive", "batch"], {"jobs_running": 3})
    assert told["rss_bytes"] > 1_000_000


def test_a_process_that_leaves_is_not_there_any_more():
    reports.identify("web")
    reports.tell()

    reports.leave()

    assert reports.processes() == []


def test_a_process_that_is_silent_is_not_there_any_more(monkeypatch):
    reports.identify("web")
    reports.tell()
    monkeypatch.setattr(reports, "LASTS_S", -1)  # as if so much time had passed

    assert reports.processes() == []


def test_a_forked_process_counts_nothing_of_its_parent_and_serves_no_queue():
    reports.identify("compute", ("compute",))
    ATTEMPTS.count("compute", None, "first")

    reports._start_afresh()
    reports.tell()

    [told] = reports.processes()
    assert (told["name"], told["queues"]) == ("compute", [])
    assert reports.counts() == {}


def test_reports_are_sent_in_the_background_from_the_start_on():
    heard = threading.Event()
    reports.identify("quick", ("quick",))
    reports.add_gauge("heard", lambda: heard.set() or 1)

    reports.start()

    assert heard.wait(5)
    reports._me.is_leaving = True
    reports._me.wakes.set()


def test_counts_of_a_version_that_is_not_this_one_are_passed_over():
    get_redis().hset("switchyard:metrics", "switchyard_old\x1fa\x1f0", 1)

    assert reports.counts() == {}
