"""Attempts after the first: handed over, or after a worker that was lost."""

from shared import leases, relay
from shared.flusher import flusher
from shared.models.job import COMPLETED, FAILED, QUEUED
from tests.services.inside import sent
from tests.services.things import change_job, new_job, new_user, row_of, told
from tests.shared.claiming import lapse
from workers import base
from workers.live import HandedOver


def run(job_id):
    """Do a job, and give how it ended by its row and by its log."""
    base.run(job_id)
    assert flusher.drain(5)
    return row_of(job_id).status, told(job_id)


def test_a_job_is_handed_over_without_losing_an_attempt(each_database, work, configure):
    configure(job_max_attempts=1)
    work.do = lambda job: (job.stop(HandedOver), job.check())
    job_id = new_job(new_user())

    status, events = run(job_id)
    work.do = lambda job: None
    after, all_events = run(job_id)

    assert (status, events) == (QUEUED, [("started", {})])
    assert sent() == [job_id, job_id]
    assert after == COMPLETED
    assert all_events[1] == ("restarted", {"attempt": 2, "reason": "handed over"})


def test_a_worker_that_is_lost_after_a_handover_is_told_as_lost(each_database, work):
    work.do = lambda job: (job.stop(HandedOver), job.check())
    job_id = new_job(new_user())
    run(job_id)
    leases.claim(job_id)
    relay.append(job_id, 2, "restarted", {"attempt": 2, "reason": "handed over"})
    lapse(job_id)
    work.do = lambda job: None

    status, events = run(job_id)

    assert status == COMPLETED
    assert ("restarted", {"attempt": 3, "reason": "worker lost"}) in events


def test_a_job_whose_worker_was_lost_begins_anew(work):
    job_id = new_job(new_user())
    leases.claim(job_id)
    relay.append(job_id, 1, "started", {})
    lapse(job_id)

    status, events = run(job_id)

    assert status == COMPLETED
    assert events[1] == ("restarted", {"attempt": 2, "reason": "worker lost"})


def test_a_handover_by_the_version_before_is_told_as_one(work):
    work.do = lambda job: (job.stop(HandedOver), job.check())
    job_id = new_job(new_user())
    run(job_id)
    change_job(job_id, given_back=None)
    work.do = lambda job: None

    _status, events = run(job_id)

    assert ("restarted", {"attempt": 2, "reason": "handed over"}) in events


def test_a_lost_worker_of_a_job_that_has_come_further_is_told_as_lost(work):
    job_id = new_job(new_user())
    claim = leases.claim(job_id)
    relay.append(job_id, 1, "started", {})
    leases.forgive(claim)
    lapse(job_id)

    _status, events = run(job_id)

    assert ("restarted", {"attempt": 2, "reason": "worker lost"}) in events


def test_a_job_that_has_cost_too_many_workers_is_given_up(each_database, work, configure):
    configure(job_max_attempts=2)
    job_id = new_job(new_user())
    for _ in range(2):
        leases.claim(job_id)
        lapse(job_id)

    status, events = run(job_id)

    assert (status, work.saved) == (FAILED, [])
    assert "given up" in events[-1][1]["error"]
