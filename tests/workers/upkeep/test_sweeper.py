"""The sweeper: one at a time, and only when renewals could have been made."""

import time
from types import SimpleNamespace

import pytest
from redis.exceptions import ConnectionError as RedisDown

from shared import leases, rotation
from shared.errors import Unavailable
from shared.kinds.base import QUEUES
from shared.models.job import QUEUED, RUNNING
from shared.redis import get_redis, key
from tests.services.inside import sent
from tests.services.things import change_job, new_job, new_user, row_of
from workers.upkeep import sweeper as module
from workers.upkeep.sweeper import Sweeper

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def lost():
    """A job whose worker was lost, and of which the broker knows nothing any more."""
    job_id = new_job(new_user())
    leases.claim(job_id)
    change_job(job_id, lease_until=time.time() - 1)
    get_redis().delete(key("broker", "interactive"))
    return job_id


class Over(BaseException):
    """Ends a loop that has no end."""


@pytest.fixture
def sweep_for(monkeypatch):
    """Let a sweeper make so many rounds."""

    def run(sweeper, rounds):
        left = [rounds]

        def sleep(_seconds):
            left[0] -= 1
            if left[0] < 0:
                raise Over

        clock = SimpleNamespace(sleep=sleep, monotonic=time.monotonic, time=time.time)
        monkeypatch.setattr(module, "time", clock)
        with pytest.raises(Over):
            sweeper.run()

    return run


def test_a_lost_job_is_sent_again(lost, sweep_for):
    sweep_for(Sweeper(), 1)

    assert (row_of(lost).status, sent()) == (QUEUED, [lost])


def test_a_job_that_was_sent_again_is_not_sent_at_every_round(lost, sweep_for):
    sweep_for(Sweeper(), 5)

    assert sent() == [lost]


def test_while_another_sweeps_nothing_is_done(lost, sweep_for):
    get_redis().set(key("sweeper"), "another", px=60_000)

    sweep_for(Sweeper(), 3)

    assert (row_of(lost).status, sent()) == (RUNNING, [])


def test_the_broom_is_put_down_after_each_round(lost, sweep_for):
    sweep_for(Sweeper(), 1)

    assert not get_redis().exists(key("sweeper"))


def test_the_broom_is_put_down_after_a_failure(lost, sweep_for, monkeypatch):
    def fail():
        raise Unavailable("away")

    monkeypatch.setattr(module.sweep, "status_counts", fail)

    sweep_for(Sweeper(), 2)

    assert not get_redis().exists(key("sweeper"))


@pytest.mark.parametrize("error", [Unavailable("away"), RedisDown("away"), OSError("away")])
def test_after_an_outage_the_living_get_time_to_renew(
    lost, sweep_for, monkeypatch, configure, error
):
    configure(job_lease_s=60)
    sweeper, outages = Sweeper(), [error]
    real = sweeper._has_the_broom

    def has_the_broom():
        if outages:
            raise outages.pop()
        return real()

    monkeypatch.setattr(sweeper, "_has_the_broom", has_the_broom)

    sweep_for(sweeper, 3)
    during = sent()
    sweeper._trusted_from = 0.0
    sweep_for(sweeper, 1)

    assert (during, sent()) == ([], [lost])


def test_a_slow_look_at_the_database_counts_as_an_outage(lost, configure, monkeypatch):
    configure(job_lease_s=60)
    sweeper = Sweeper()
    now = [1000.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], time=time.time)
    monkeypatch.setattr(module, "time", clock)
    real = module.sweep.status_counts

    def slow():
        now[0] += 40
        return real()

    monkeypatch.setattr(module.sweep, "status_counts", slow)

    sweeper._pass()

    assert (row_of(lost).status, sent()) == (RUNNING, [])


def test_a_job_that_the_broker_has_forgotten_is_sent_again():
    forgotten = new_job(new_user())
    change_job(forgotten, sent_at=time.time() - 60)
    get_redis().delete(key("broker", "interactive"))

    Sweeper()._pass()

    assert sent() == [forgotten]


def take_messages():
    """Lose all messages, and with them the jobs' places in line."""
    get_redis().delete(*[key("broker", name) for name in QUEUES])
    for name in QUEUES:
        while rotation.take(name):
            pass


def test_nothing_is_taken_from_the_living_when_the_clock_was_set(lost, monkeypatch):
    one = Sweeper()
    real = module._clock_offset()
    monkeypatch.setattr(module, "_clock_offset", lambda: real + 3600)

    one._pass()

    assert row_of(lost).status == RUNNING


def test_a_job_whose_message_was_lost_is_found_although_newer_ones_wait(configure):
    configure(job_resend_after_s=0.01)
    lost = new_job(new_user())
    change_job(lost, sent_at=1.0)
    take_messages()
    waiting = new_job(new_user())

    Sweeper()._pass()

    assert sent() == [waiting, lost]


def test_jobs_whose_messages_wait_are_not_sent_again(configure):
    configure(job_resend_after_s=0.01)
    jobs = [new_job(new_user()) for _ in range(3)]
    for age, job_id in zip((90, 60, 30), jobs, strict=True):
        change_job(job_id, sent_at=row_of(job_id).sent_at - age)

    Sweeper()._pass()

    assert sent() == jobs


def test_a_message_that_nobody_can_read_stops_no_sweep(lost):
    get_redis().lpush(key("broker", "interactive"), b"not one of ours")

    Sweeper()._pass()

    assert row_of(lost).status == QUEUED


def test_who_waits_for_a_place_is_sent_when_there_is_one(configure):
    configure(job_max_running_per_user=1)
    owner = new_user()
    first, second = sorted((new_job(owner), new_job(owner)))
    claim = leases.claim(first)
    leases.claim(second)
    take_messages()
    leases.finish(claim, "completed", None, dict)

    Sweeper()._pass()

    assert sent() == [second]
