"""Places: who waits for others of the same user or model, and who is next."""

import pytest

from shared import leases, places, sweep
from shared.models.job import COMPLETED, QUEUED
from shared.places import Waiting
from tests.services.things import change_job, new_job, new_user, row_of
from tests.shared.claiming import claimed, nothing

pytestmark = pytest.mark.usefixtures("each_database")


def test_a_job_beyond_the_owners_limit_waits_with_its_place(configure):
    configure(job_max_running_per_user=2)
    owner = new_user()
    jobs = sorted(new_job(owner) for _ in range(5))
    for job_id in jobs[:2]:
        claimed(job_id)

    third, fifth = leases.claim(jobs[2]), leases.claim(jobs[4])

    assert isinstance(third, Waiting)
    assert isinstance(fifth, Waiting)
    assert (third.position, fifth.position) == (1, 3)
    assert row_of(jobs[2]).status == QUEUED


def test_another_owners_jobs_do_not_count(configure):
    configure(job_max_running_per_user=1)
    claimed(new_job(new_user()))

    assert claimed(new_job(new_user())).attempt == 1


def test_a_job_beyond_the_models_limit_waits(configure):
    configure(job_max_running_per_user=0, job_max_running_per_model=1)
    claimed(new_job(new_user()))

    assert isinstance(leases.claim(new_job(new_user())), Waiting)


def test_a_job_that_nobody_owns_never_waits_for_its_owner(configure):
    configure(job_max_running_per_user=1)
    claimed(new_job())

    assert claimed(new_job()).attempt == 1


def test_zero_means_no_limit(configure):
    configure(job_max_running_per_user=0, job_max_running_per_model=0)
    owner = new_user()

    assert [claimed(new_job(owner)).attempt for _ in range(5)] == [1] * 5


def test_a_waiting_job_is_not_taken_for_lost(configure):
    configure(job_max_running_per_user=1, job_resend_after_s=0.001)
    owner = new_user()
    claimed(new_job(owner))
    waiting = new_job(owner)
    leases.claim(waiting)

    assert waiting not in [lost.id for lost in sweep.sweep()]


def test_a_place_that_nobody_announces_is_found(configure):
    configure(job_max_running_per_user=2)
    owner, other = new_user(), new_user()
    jobs = sorted(new_job(owner) for _ in range(5))
    running = [claimed(job_id) for job_id in jobs[:2]]
    for job_id in jobs[2:]:
        leases.claim(job_id)
    new_job(other)
    assert places.free() == []

    leases.finish(running[0], COMPLETED, None, nothing)

    assert [job.id for job in places.free()] == [jobs[2]]


def test_a_free_place_goes_to_whom_nothing_else_holds_up(configure):
    configure(job_max_running_per_user=1, job_max_running_per_model=2)
    busy, idle = new_user(), new_user()
    claimed(new_job(busy))
    ended = claimed(new_job(new_user()))
    held_up, next_one = new_job(busy), new_job(idle)
    for job_id in (held_up, next_one):
        leases.claim(job_id)

    leases.finish(ended, COMPLETED, None, nothing)

    assert [job.id for job in places.free()] == [next_one]


def test_the_next_in_line_is_the_owners_oldest_queued_job(configure):
    configure(job_max_running_per_user=1)
    owner, other = new_user(), new_user()
    first = claimed(new_job(owner))
    new_job(other)
    second, _third = sorted((new_job(owner), new_job(owner)))
    leases.finish(first, COMPLETED, None, nothing)

    following = places.next_in_line(first.user_id, first.model)

    assert [job.id for job in following] == [second]


def test_at_a_model_the_users_take_turns(configure):
    configure(job_max_running_per_user=0, job_max_running_per_model=1)
    users = [new_user() for _ in range(3)]
    jobs = {user.id: sorted(new_job(user) for _ in range(2)) for user in users}
    order = []

    running = claimed(jobs[users[0].id].pop(0))
    for _ in range(5):
        leases.finish(running, COMPLETED, None, nothing)
        (following,) = places.next_in_line(running.user_id, running.model)
        running = claimed(following.id)
        order.append(running.user_id)

    assert order == [user.id for user in [*users[1:], *users]]


def test_a_newcomer_at_a_model_waits_for_one_job_of_each_other_user(configure):
    configure(job_max_running_per_user=0, job_max_running_per_model=1)
    crowd = new_user()
    claimed(new_job(crowd))
    for _ in range(20):
        new_job(crowd)
    newcomers = new_job(new_user())

    waiting = leases.claim(newcomers)

    assert isinstance(waiting, Waiting)
    assert waiting.position == 2


def test_a_turn_is_not_given_to_whom_another_limit_holds_up(configure):
    configure(job_max_running_per_user=1, job_max_running_per_model=1)
    busy, idle = new_user(), new_user()
    first, second = claimed(new_job(busy)), new_job(idle)
    new_job(new_user())
    change_job(new_job(busy), model="another")
    change_job(first.id, model="alpha")

    leases.finish(first, COMPLETED, None, nothing)

    assert second in [job.id for job in places.next_in_line(first.user_id, first.model)]


def test_nobody_is_next_where_nobody_waits(configure):
    configure(job_max_running_per_user=1)
    first = claimed(new_job(new_user()))
    new_job(new_user())
    leases.finish(first, COMPLETED, None, nothing)

    assert places.next_in_line(first.user_id, first.model) == []
