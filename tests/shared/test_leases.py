"""Leases: one worker at a time has a job, and what is lost comes back."""

import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import text

from shared import db, leases, sweep
from shared.models.job import CANCELLED, COMPLETED, FAILED, RUNNING
from tests.services.crowd import at_once, in_processes
from tests.services.things import change_job, new_job, new_user, row_of
from tests.shared.claiming import claimed, lapse, nothing

pytestmark = pytest.mark.usefixtures("each_database")


# Claim


def test_claim_takes_a_queued_job_and_counts_the_attempt():
    job_id = new_job(new_user())

    claim = claimed(job_id)

    assert (claim.id, claim.attempt, row_of(job_id).status) == (job_id, 1, RUNNING)


def test_claim_gives_the_request_as_it_was_accepted():
    job_id = new_job(new_user())

    assert claimed(job_id).request == row_of(job_id).request


def test_claim_gives_nothing_while_another_has_the_job():
    job_id = new_job(new_user())
    claimed(job_id)

    assert leases.claim(job_id) is None


def test_claim_takes_a_running_job_whose_lease_has_lapsed():
    job_id = new_job(new_user())
    claimed(job_id)
    lapse(job_id)

    assert claimed(job_id).attempt == 2


@pytest.mark.parametrize("status", [COMPLETED, FAILED, CANCELLED])
def test_claim_gives_nothing_for_an_ended_job(status):
    job_id = new_job(new_user())
    change_job(job_id, status=status)

    assert leases.claim(job_id) is None


def test_claim_gives_nothing_for_an_unknown_job():
    assert leases.claim("nobody's") is None


def test_of_many_threads_one_gets_the_job():
    job_id = new_job(new_user())

    claims = at_once(16, lambda _: leases.claim(job_id))

    assert [c.attempt for c in claims if c is not None] == [1]


def test_of_many_threads_one_gets_a_lapsed_job():
    job_id = new_job(new_user())
    claimed(job_id)
    lapse(job_id)

    claims = at_once(16, lambda _: leases.claim(job_id))

    assert [c.attempt for c in claims if c is not None] == [2]


def test_of_several_processes_each_job_goes_to_one():
    owner = new_user()
    job_ids = sorted(new_job(owner) for _ in range(25))
    code = "print(*[i for i in sys.argv[1:] if leases.claim(i) is not None])"

    printed = in_processes(2, code, *job_ids)

    assert sorted(job_id for line in printed for job_id in line.split()) == job_ids


def test_the_start_of_the_first_attempt_is_kept():
    job_id = new_job(new_user())
    change_job(job_id, started_at=1234)

    claimed(job_id)

    assert row_of(job_id).started_at == 1234


# Renew


def test_renew_moves_the_lease(configure):
    configure(job_lease_s=50)
    claim = claimed(new_job(new_user()))
    lapse(claim.id)

    ours = leases.renew([claim])

    assert ours == {claim.id: False}
    assert row_of(claim.id).lease_until > time.time() + 40


def test_renew_names_the_jobs_that_somebody_wants_cancelled():
    claims = [claimed(new_job(new_user())) for _ in range(3)]
    leases.cancel(claims[1].id)

    ours = leases.renew(claims)

    assert [ours[claim.id] for claim in claims] == [False, True, False]


def test_renew_of_more_jobs_than_one_statement_takes():
    owner = new_user()
    first, last = claimed(new_job(owner)), claimed(new_job(owner))
    unknown = [replace(first, id=f"unknown-{n}") for n in range(1200)]

    ours = leases.renew([first, *unknown, last])

    assert set(ours) == {first.id, last.id}


def test_renew_leaves_ended_jobs_alone():
    claim = claimed(new_job(new_user()))
    leases.finish(claim, COMPLETED, None, nothing)

    assert leases.renew([claim]) == {}
    assert row_of(claim.id).lease_until is None


def test_renew_does_not_keep_the_lease_of_a_newer_attempt(configure):
    configure(job_lease_s=50)
    older = claimed(new_job(new_user()))
    lapse(older.id)
    newer = claimed(older.id)
    change_job(older.id, lease_until=1.0)

    assert leases.renew([older]) == {}
    assert row_of(older.id).lease_until == 1.0
    assert leases.renew([older, newer]) == {newer.id: False}


def swept():
    """A job whose worker was only late: its lease has lapsed, and it is in the queue again."""
    claim = claimed(new_job(new_user()))
    lapse(claim.id)
    assert [lost.id for lost in sweep.sweep()] == [claim.id]
    return claim


def test_renew_takes_back_a_job_that_nobody_has_claimed_yet():
    claim = swept()

    assert leases.renew([claim]) == {claim.id: False}
    assert (row_of(claim.id).status, row_of(claim.id).attempt) == (RUNNING, 1)
    assert leases.claim(claim.id) is None


def test_a_late_worker_may_end_what_nobody_has_claimed_yet():
    claim = swept()

    assert leases.finish(claim, COMPLETED, None, nothing)
    assert row_of(claim.id).status == COMPLETED


def test_a_late_worker_ends_nothing_that_another_has_claimed():
    late = swept()
    claimed(late.id)

    assert leases.renew([late]) == {}
    assert not leases.finish(late, COMPLETED, None, nothing)


def test_a_lease_begins_when_the_claim_is_through_the_queue_of_writers(configure):
    configure(job_lease_s=0.5)
    job_id = new_job(new_user())

    with db.transaction():  # the others wait for as long as this takes
        waiting = threading.Thread(target=leases.claim, args=(job_id,), daemon=True)
        waiting.start()
        waiting.join(0.8)
        let_through = time.time()
    waiting.join(10)

    assert row_of(job_id).lease_until > let_through


# Finish


def test_finish_writes_status_result_and_usage():
    job_id = new_job(new_user())
    claim = claimed(job_id)

    was_ours = leases.finish(claim, COMPLETED, None, lambda: {"text": "x", "usage": {"t": 1}})

    job = row_of(job_id)
    assert was_ours
    assert (job.status, job.result, job.usage) == (
        COMPLETED,
        {"text": "x", "usage": {"t": 1}},
        {"t": 1},
    )
    assert job.finished_at is not None
    assert job.lease_until is None


def test_finish_of_an_older_attempt_writes_nothing():
    owner = new_user()
    job_id = new_job(owner)
    old = claimed(job_id)
    lapse(job_id)
    claimed(job_id)

    was_ours = leases.finish(old, COMPLETED, None, lambda: {"user": new_user().id})

    assert not was_ours
    assert row_of(job_id).status == RUNNING
    assert count_of_users() == 1


def count_of_users():
    with db.reading() as session:
        return session.execute(text('SELECT count(*) FROM "user"')).scalar_one()


def test_finish_twice_counts_once():
    claim = claimed(new_job(new_user()))

    answers = [leases.finish(claim, status, None, nothing) for status in (COMPLETED, FAILED)]

    assert answers == [True, False]
    assert row_of(claim.id).status == COMPLETED


def test_finish_writes_nothing_when_saving_fails():
    claim = claimed(new_job(new_user()))

    def save():
        raise ValueError("cannot be saved")

    with pytest.raises(ValueError, match="cannot be saved"):
        leases.finish(claim, COMPLETED, None, save)

    assert row_of(claim.id).status == RUNNING


# Give back


def test_give_back_puts_a_job_back_in_line_without_counting_the_attempt(configure):
    configure(job_max_attempts=1)
    claim = claimed(new_job(new_user()))

    was_ours = leases.give_back(claim)
    again = claimed(claim.id)

    assert was_ours
    assert (again.attempt, again.handed_over, again.is_worn_out) == (2, 1, False)


def test_give_back_by_an_older_attempt_does_nothing():
    old = claimed(new_job(new_user()))
    lapse(old.id)
    claimed(old.id)

    assert not leases.give_back(old)
    assert row_of(old.id).status == RUNNING


# Worn out


def test_a_job_is_worn_out_when_its_attempts_are_used_up(configure):
    configure(job_max_attempts=3)
    job_id = new_job(new_user())

    seen = []
    for _ in range(4):
        seen.append(claimed(job_id).is_worn_out)
        lapse(job_id)

    assert seen == [False, False, False, True]
