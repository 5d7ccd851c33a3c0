"""Cancelling a job: before, while and after it runs."""

import threading

import pytest

from shared import db, leases
from shared.models.job import CANCELLED, COMPLETED, QUEUED, RUNNING
from tests.services.crowd import at_once, is_somebody_waiting_for_a_lock
from tests.services.things import new_job, new_user, row_of
from tests.services.waiting import wait_until
from tests.shared.claiming import claimed, lapse, nothing

pytestmark = pytest.mark.usefixtures("each_database")


def test_cancel_ends_a_queued_job_at_once():
    job_id = new_job(new_user())

    before = leases.cancel(job_id)

    assert (before, row_of(job_id).status) == (QUEUED, CANCELLED)
    assert row_of(job_id).finished_at is not None
    assert leases.claim(job_id) is None


def test_cancel_flags_a_running_job():
    job_id = new_job(new_user())
    claimed(job_id)

    before = leases.cancel(job_id)

    assert (before, row_of(job_id).status, row_of(job_id).cancel_requested) == (
        RUNNING,
        RUNNING,
        True,
    )


def test_cancel_leaves_an_ended_job_as_it_ended():
    claim = claimed(new_job(new_user()))
    leases.finish(claim, COMPLETED, None, nothing)

    before = leases.cancel(claim.id)

    assert (before, row_of(claim.id).status) == (COMPLETED, COMPLETED)
    assert not row_of(claim.id).cancel_requested


def test_the_next_worker_of_a_cancelled_job_knows_of_it():
    job_id = new_job(new_user())
    claimed(job_id)
    leases.cancel(job_id)
    lapse(job_id)

    assert claimed(job_id).is_cancelled


def test_cancel_and_claim_at_once_never_pass_each_other():
    for _ in range(8):
        job_id = new_job(new_user())

        results = at_once(
            2, lambda n, j=job_id: leases.claim(j) if n else ("was", leases.cancel(j))
        )

        job, was_claimed = row_of(job_id), results[1] is not None
        assert (job.status, job.cancel_requested) == (RUNNING if was_claimed else CANCELLED, True)
        assert results[0] == ("was", RUNNING if was_claimed else QUEUED)


@pytest.mark.parametrize("each_database", ["postgres"], indirect=True)  # SQLite's writers are alone
def test_cancel_waits_for_a_claim_under_way():
    job_id = new_job(new_user())
    answers = []
    canceller = threading.Thread(target=lambda: answers.append(leases.cancel(job_id)), daemon=True)

    with db.transaction():
        claimed(job_id)
        canceller.start()
        wait_until(is_somebody_waiting_for_a_lock, 5, "the cancel to wait for the claim")
    canceller.join(10)

    assert answers == [RUNNING]
    assert row_of(job_id).cancel_requested
