"""Following a job: nothing is missed, doubled or waited for in vain, whatever dies meanwhile."""

import pytest

from shared import db, leases, relay
from shared.ids import now_s
from shared.models.job import COMPLETED, Job
from shared.redis import get_redis
from shared.subscriber import subscriber
from tests.services.things import change_job, new_job
from tests.services.waiting import wait_until
from tests.web.following import Reader
from web.stream import hub
from web.stream.hub import Follow

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def running():
    """A job that a worker has, with its first event in the log."""
    job = new_job()
    leases.claim(job)
    relay.append(job, 1, "started", {})
    return job


def finish(job, text="a b", seconds_ago=0):
    change_job(job, status=COMPLETED, result={"text": text}, finished_at=now_s() - seconds_ago)


def say(job, text):
    relay.append(job, 1, "delta", {"text": text})


def test_a_reader_gets_what_was_and_what_comes(running):
    say(running, "a ")
    reader = Reader(running)
    wait_until(lambda: len(reader.events) == 2, 5, "what was there")

    say(running, "b")
    relay.append(running, 1, "completed", {})

    assert reader.finish() == [(1, "started"), (2, "delta"), (3, "delta"), (4, "completed")]


def test_a_reader_goes_on_when_redis_has_been_away(running, mortal_valkey):
    reader = Reader(running)
    wait_until(lambda: reader.events, 5, "what was there")
    mortal_valkey.kill()
    reader.follow.wake()  # it looks around while nobody answers
    wait_until(lambda: reader.empty, 5, "the reader to have looked")
    mortal_valkey.restart()

    say(running, "a b")
    relay.append(running, 1, "completed", {})

    assert reader.finish() == [(1, "started"), (2, "delta"), (3, "completed")]


def test_a_reader_that_comes_while_redis_is_away_gets_everything(running, mortal_valkey):
    mortal_valkey.kill()
    reader = Reader(running)
    mortal_valkey.restart()

    relay.append(running, 1, "completed", {})

    assert reader.finish() == [(1, "started"), (2, "completed")]


def test_an_end_below_the_cursor_is_told_at_once_and_in_full(running):
    reader = Reader(running, after=1000)
    wait_until(lambda: reader.listens, 5, "the reader to listen")
    finish(running)

    relay.append(running, 1, "completed", {})

    assert reader.finish(2.0) == [(1001, "completed")]
    assert reader.ending["data"]["text"] == "a b"


def test_a_worker_that_has_just_ended_its_job_may_write_its_last_events_itself(running):
    finish(running)
    reader = Reader(running)
    wait_until(lambda: reader.events, 5, "the reader to have read the log")

    say(running, "a ")
    say(running, "b")
    relay.append(running, 1, "completed", {})

    assert reader.finish() == [(1, "started"), (2, "delta"), (3, "delta"), (4, "completed")]


def test_what_a_worker_did_not_write_before_it_died_is_added(running):
    say(running, "a ")
    finish(running, "a b", seconds_ago=60)

    reader = Reader(running, after=2)

    assert reader.finish() == [(3, "delta"), (4, "completed")]
    assert reader.text == "b"


def test_a_log_of_an_attempt_that_did_not_end_the_job_is_begun_anew(running):
    say(running, "something else")
    finish(running, "a b", seconds_ago=60)

    reader = Reader(running, after=2)

    assert reader.finish() == [(3, "restarted"), (4, "delta"), (5, "completed")]


def test_several_readers_add_what_is_missing_once(running):
    say(running, "a ")
    finish(running, "a b", seconds_ago=60)

    readers = [Reader(running, after=2) for _ in range(10)]

    assert {tuple(reader.finish()) for reader in readers} == {((3, "delta"), (4, "completed"))}
    assert relay.length(running) == 4


def test_a_reader_of_a_job_that_is_deleted_is_let_go(running):
    with Follow(running, after=1) as follow:
        with db.transaction() as session:
            session.delete(session.get(Job, running))

        assert list(follow.batches(60.0)) == []


def test_a_reader_that_is_busy_when_it_is_woken_looks_around_afterwards(running):
    with Follow(running) as follow:
        batches = follow.batches(60.0)
        assert len(next(batches)) == 1

        follow.wake()

        assert next(batches) == []


def test_a_long_log_is_read_in_pieces_of_bearable_size(running):
    big = [relay.encode("delta", 1, {"text": "x" * 100_000}) for _ in range(300)]
    small = [relay.encode("delta", 1, {"text": "x"}) for _ in range(2500)]
    for events in (big, small[:1500], small[1500:]):
        values = relay.append_values(1, relay.UNORDERED, False, events)
        get_redis().eval(relay.APPEND, *relay.append_keys(running), *values)
    relay.append(running, 1, "completed", {})
    sizes = []

    with Follow(running) as follow:
        for batch in follow.batches(60.0):
            sizes.append(sum(len(event) for _, event in batch))

    assert follow.cursor == 1 + 300 + 2500 + 1
    assert max(sizes[1:]) < 2_000_000


def test_what_was_published_and_not_heard_is_found(running, monkeypatch):
    monkeypatch.setattr(hub, "_DOUBT_AFTER_S", 0.3)
    with Follow(running) as follow:
        batches = follow.batches(60.0)
        assert len(next(batches)) == 1
        subscriber.remove(relay.channel(running), follow._hear)

        say(running, "a b")
        relay.append(running, 1, "completed", {})

        assert [seq for batch in batches for seq, _ in batch] == [2, 3]
