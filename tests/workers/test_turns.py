"""A message only says that there is work; whose it is shows when it is begun."""

from types import SimpleNamespace

import pytest
from redis.exceptions import RedisError

from shared import leases, rotation
from shared.broker import queue_key
from shared.kinds.inference import RUN_CHAT
from shared.models.job import COMPLETED, QUEUED
from shared.rotation import Turn
from tests.services.things import change_job, new_job, new_user, row_of
from workers import base


def test_a_message_is_used_for_the_job_whose_turn_it_is(work):
    crowd = new_user()
    new_job(crowd)  # goes straight, and is its user's turn
    second = new_job(crowd)
    newcomers = new_job(new_user())
    tried = []

    base.run_next("interactive", second, tried.append)

    assert [turn.job_id for turn in tried] == [newcomers]
    assert (row_of(newcomers).status, row_of(second).status) == (COMPLETED, QUEUED)


def test_a_turn_that_leads_to_nothing_is_passed_on(work):
    owner = new_user()
    gone, wanted = sorted((new_job(owner), new_job(owner)))
    leases.cancel(gone)

    assert base.run_next("interactive", gone) == COMPLETED
    assert row_of(wanted).status == COMPLETED


def test_a_message_of_which_the_line_knows_nothing_is_for_its_job(work):
    job_id = new_job(new_user())
    assert rotation.take("interactive") is None

    assert base.run_next("interactive", job_id) == COMPLETED


def test_a_job_is_done_although_nobody_can_tell_whose_turn_it_is(work, monkeypatch, caplog):
    def fail(_queue):
        raise RedisError("away")

    job_id = new_job(new_user())
    monkeypatch.setattr(base.rotation, "take", fail)

    assert base.run_next("interactive", job_id) == COMPLETED
    assert "whose turn" in caplog.text


def test_a_job_of_a_kind_that_only_newer_workers_know_is_left_to_them(work):
    owner = new_user()
    newer, known = sorted((new_job(owner), new_job(owner)))
    change_job(newer, kind="newer.kind")
    rotation.enter(
        "interactive", owner.id, Turn(newer, "newer.kind"), queue_key("interactive"), b""
    )

    assert base.run_next("interactive", known) == COMPLETED

    assert (row_of(newer).status, row_of(newer).attempt) == (QUEUED, 0)


@pytest.mark.parametrize("is_prefork", [False, True])
def test_a_job_that_went_straight_takes_nobodys_turn(work, is_prefork):
    straight, waiting = new_job(new_user()), new_job(new_user())
    run = base._for_celery(RUN_CHAT)

    if is_prefork:
        run(SimpleNamespace(request={"in_line": False}), straight)
    else:
        run(None, straight, is_in_line=False)

    assert (row_of(straight).status, row_of(waiting).status) == (COMPLETED, QUEUED)


def test_a_process_that_is_going_down_takes_no_turn(work, live):
    live.is_stopping = True
    new_job(new_user())  # goes straight
    job_id = new_job(new_user())

    assert base.run_next("interactive", job_id) == QUEUED
    assert live.postponed() == [job_id]
    assert rotation.take("interactive").job_id == job_id
