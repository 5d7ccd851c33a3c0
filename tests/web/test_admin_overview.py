"""What the overview finds out about jobs, and who gets it."""

import threading

import orjson
import pytest

from shared import relay
from shared.models.job import RUNNING
from tests.services.things import change_job, new_job, new_user
from tests.services.waiting import wait_until
from web.admin import overview
from web.admin.progress import Progress, Watcher

pytestmark = pytest.mark.usefixtures("world")


def running_job():
    job_id = new_job(new_user())
    change_job(job_id, status=RUNNING, attempt=1, started_at=1)
    return job_id


def test_the_last_progress_of_a_job_tells_its_percent():
    job_id = running_job()
    for done in (1, 3):
        relay.append(job_id, 1, "progress", {"done": done, "total": 8, "note": "Embedding"})

    [seen] = overview.gather(Watcher())["running"]

    assert (seen["id"], seen["percent"], seen["note"]) == (job_id, 37.5, "Embedding")


@pytest.mark.parametrize(
    "told", [{"done": 1}, {"done": 1, "total": 0}, {"done": "half", "total": 2}, None]
)
def test_a_job_that_does_not_say_how_far_it_is_has_no_percent(told):
    assert Progress(0, 0.0, told=told).percent is None


def test_the_pace_is_that_of_the_text_between_two_looks():
    seen = Progress(0, 10.0)

    seen.hear([relay.encode("delta", 1, {"text": "x" * 400})], 12.0)

    assert seen.tokens_per_s == 50


def test_a_job_that_begins_anew_forgets_how_far_it_was():
    seen = Progress(0, 10.0, tokens_per_s=50.0, told={"done": 1, "total": 2})

    seen.hear([relay.encode("restarted", 2, {"attempt": 2, "reason": "worker lost"})], 11.0)

    assert (seen.percent, seen.tokens_per_s) == (None, None)


def test_a_watcher_reads_only_what_is_new():
    job_id, watcher = running_job(), Watcher()
    for _ in range(60):
        relay.append(job_id, 1, "delta", {"text": "word "})
    met = watcher.look([job_id])[job_id]
    assert (met.cursor, met.tokens_per_s) == (60, None)

    relay.append(job_id, 1, "delta", {"text": "word " * 100})

    assert watcher.look([job_id])[job_id].cursor == 61
    assert met.tokens_per_s > 0
    assert watcher.look([]) == {}


def test_queues_tell_how_much_runs_and_waits():
    running_job()
    new_job(new_user())

    queues = {one["name"]: one for one in overview.gather(Watcher())["queues"]}

    assert list(queues) == ["interactive", "default", "batch", "compute", "quick"]
    assert (queues["interactive"]["running"], queues["interactive"]["waiting"]) == (1, 1)


def test_whoever_looks_gets_a_view_a_second_until_it_stops():
    views, enough = [], threading.Event()

    def send(view):
        views.append(orjson.loads(view))
        if len(views) >= 2:
            enough.set()

    looker = overview.Subscription(send)
    looker.start()

    assert enough.wait(10)
    looker.stop()
    assert views[0]["op"] == "overview"
    assert set(views[0]["overview"]) >= {"queues", "running", "failures"}
    assert not overview._gatherer._lookers


def test_whoever_is_gone_is_sent_nothing_more():
    def send(_view):
        raise OSError

    overview.Subscription(send).start()

    wait_until(lambda: not overview._gatherer._lookers, 5, "the looker to be forgotten")


def test_a_part_that_is_away_is_told_in_place_of_a_view(mortal_valkey):
    mortal_valkey.kill()

    view = overview._gatherer._view(Watcher())

    assert view["overview"] is None
    assert view["detail"]


@pytest.mark.parametrize(
    ("kind", "words"), [("inference.run_chat", "Run chat"), ("images.paint", "Paint")]
)
def test_kinds_are_written_as_people_say_them(kind, words):
    assert overview.label(kind) == words
