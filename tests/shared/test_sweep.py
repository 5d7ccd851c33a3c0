"""The sweep: what was lost is found, once."""

import threading
import time

import pytest

from shared import db, leases, sweep
from shared.models.job import COMPLETED, QUEUED, RUNNING
from tests.services.crowd import at_once
from tests.services.things import change_job, new_job, new_user, row_of
from tests.shared.claiming import claimed, lapse, nothing

pytestmark = pytest.mark.usefixtures("each_database")


def test_sweep_brings_back_jobs_whose_lease_has_lapsed():
    lost, healthy = new_job(new_user()), new_job(new_user())
    for job_id in (lost, healthy):
        claimed(job_id)
    lapse(lost)

    found = sweep.sweep()

    assert [(job.id, job.kind, job.queue, job.attempt) for job in found] == [
        (lost, "inference.run_chat", "interactive", 1)
    ]
    assert (row_of(lost).status, row_of(healthy).status) == (QUEUED, RUNNING)


def test_sweep_finds_queued_jobs_of_which_the_broker_was_never_told():
    job_id = new_job(new_user())
    change_job(job_id, sent_at=None)

    assert [job.id for job in sweep.sweep()] == [job_id]


def test_sweep_finds_queued_jobs_that_were_sent_long_ago():
    old, fresh = new_job(new_user()), new_job(new_user())
    change_job(old, sent_at=time.time() - 60)

    assert [job.id for job in sweep.sweep()] == [old]
    assert row_of(fresh).status == QUEUED


def test_sweep_leaves_the_jobs_of_a_queue_in_which_messages_wait():
    job_id = new_job(new_user())
    change_job(job_id, sent_at=time.time() - 60)

    assert sweep.sweep(["interactive"]) == []


def test_long_queued_gives_a_job_of_a_queue_in_which_messages_wait_once_in_a_while():
    old, fresh, parked = (new_job(new_user()) for _ in range(3))
    change_job(old, sent_at=time.time() - 60)
    change_job(parked, sent_at=time.time() + 20)

    found = [[job.id for job in sweep.long_queued(["interactive"])] for _ in range(2)]

    assert found == [[old], []]
    assert row_of(fresh).status == QUEUED


def test_long_queued_looks_at_the_named_queues_only():
    job_id = new_job(new_user())
    change_job(job_id, sent_at=time.time() - 60)

    assert sweep.long_queued(["batch"]) == []
    assert sweep.long_queued([]) == []


def test_sweep_finds_lapsed_jobs_even_of_a_queue_in_which_messages_wait():
    job_id = new_job(new_user())
    claimed(job_id)
    lapse(job_id)

    assert [job.id for job in sweep.sweep(["interactive"])] == [job_id]


def test_sweep_finds_jobs_from_before_the_clock_was_set_back():
    running, queued = new_job(new_user()), new_job(new_user())
    claimed(running)
    change_job(running, lease_until=time.time() + 3600)
    change_job(queued, sent_at=time.time() + 3600)

    assert {job.id for job in sweep.sweep()} == {running, queued}


def test_sweep_takes_nothing_when_everybody_had_to_wait_for_the_database(configure):
    configure(job_lease_s=0.4)
    job_id = new_job(new_user())
    claimed(job_id)
    found = []

    with db.transaction():  # the others wait for as long as this takes
        waiting = threading.Thread(target=lambda: found.extend(sweep.sweep()), daemon=True)
        waiting.start()
        waiting.join(0.8)
    waiting.join(5)

    assert not found
    assert row_of(job_id).status == RUNNING


def test_sweep_names_a_lost_job_once():
    job_id = new_job(new_user())
    claimed(job_id)
    lapse(job_id)
    sweep.sweep()

    assert sweep.sweep() == []


def test_sweep_leaves_ended_jobs_alone():
    claim = claimed(new_job(new_user()))
    leases.finish(claim, COMPLETED, None, nothing)
    change_job(claim.id, sent_at=None)

    assert sweep.sweep() == []


def test_of_several_sweepers_at_once_one_finds_a_lost_job():
    job_id = new_job(new_user())
    claimed(job_id)
    lapse(job_id)

    found = at_once(8, lambda _: sweep.sweep())

    assert [lost.id for some in found for lost in some] == [job_id]


def test_find_names_jobs_whatever_has_become_of_them():
    queued, running = sorted((new_job(new_user()), new_job(new_user())))
    claimed(running)

    assert sorted(job.id for job in sweep.find([queued, running, "unknown"])) == [queued, running]
    assert sweep.find([]) == []


def test_status_counts_counts_open_jobs_by_queue():
    claimed(new_job(new_user()))
    new_job(new_user())
    leases.cancel(new_job(new_user()))

    assert sweep.status_counts() == {("interactive", RUNNING): 1, ("interactive", QUEUED): 1}
