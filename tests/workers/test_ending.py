"""The end of a job: what was made is stored once, and whatever goes wrong, there is an end."""

import pytest
from sqlalchemy.exc import OperationalError

from shared import leases, relay
from shared.errors import Invalid, NotFound
from shared.kinds.inference import RUN_CHAT
from shared.models.job import CANCELLED, COMPLETED, FAILED
from tests.services.things import (
    change_job,
    new_job,
    new_user,
    row_of,
    running_answer,
    stored_message,
    told,
)
from tests.services.waiting import wait_until
from workers import base

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def run(monkeypatch):
    """Run a job whose work is made of these functions, and wait for its last event."""

    def run(job_id, save=lambda *_: {"text": "all of it"}, load=lambda: None):
        class Work:
            def __init__(self, job):
                load()

            def do(self):
                pass

            def save(self, status, error):
                return save(status, error)

        monkeypatch.setitem(base._WORKS, RUN_CHAT.name, Work)
        base.run(job_id)
        wait_until(lambda: any(relay.is_ending(e) for e in relay.replay(job_id, 0)), 5, "its end")
        return row_of(job_id)

    return run


def raising(error):
    def fail(*_):
        raise error

    return fail


def lose_the_worker(job_id, *words):
    """Let a worker have claimed a job, have said something, and be gone."""
    claim = leases.claim(job_id)
    relay.append(job_id, claim.attempt, "started", {})
    for word in words:
        relay.append(job_id, claim.attempt, "delta", {"text": word})
    change_job(job_id, lease_until=1.0)


def test_a_job_whose_result_has_no_place_any_more_fails_in_words_and_is_not_done_again(run):
    row = run(new_job(new_user()), save=raising(NotFound("The chat was deleted.")))

    assert (row.status, row.error, row.attempt) == (FAILED, "The chat was deleted.", 1)
    assert told(row.id)[-1] == (
        "failed",
        {"error": "The chat was deleted.", "reason": "not_found"},
    )


def test_a_job_is_read_again_when_the_database_went_away_meanwhile(run):
    trouble = [OperationalError("SELECT", {}, Exception("server closed the connection"))]

    def load():
        if trouble:
            raise trouble.pop()

    assert run(new_job(new_user()), load=load).status == COMPLETED


def test_a_job_that_was_cancelled_when_its_worker_was_lost_keeps_what_was_said(run):
    chat_id, job_id = running_answer(new_user())
    lose_the_worker(job_id, "half ", "an")
    leases.cancel(job_id)

    row = run(job_id)

    assert (row.status, row.result) == (CANCELLED, {"text": "half an"})
    assert stored_message(chat_id, "a").content == "half an"
    assert [kind for kind, _ in told(job_id)] == ["started", "delta", "delta", "cancelled"]


def test_a_job_that_lost_too_many_workers_keeps_what_was_said(run, configure):
    configure(job_max_attempts=1)
    chat_id, job_id = running_answer(new_user())
    lose_the_worker(job_id, "half ", "an")

    row = run(job_id)

    assert (row.status, row.result["text"]) == (FAILED, "half an")
    message = stored_message(chat_id, "a")
    assert (message.content, message.is_running) == ("half an", False)
    assert [kind for kind, _ in told(job_id)] == ["started", "delta", "delta", "failed"]


def test_a_completed_job_keeps_nothing_of_what_was_asked(each_database, run):
    job_id = new_job(new_user())
    assert row_of(job_id).request["body"]

    row = run(job_id)

    assert row.status == COMPLETED
    assert "body" not in row.request
    assert row.request["model"] == row.model


def test_a_failed_job_can_be_done_again_with_all_that_was_asked(run):
    job_id = new_job(new_user())
    asked = row_of(job_id).request

    row = run(job_id, load=raising(Invalid("no")))

    assert row.status == FAILED
    assert row.request == asked


def test_a_stored_response_keeps_what_others_may_go_on_from(run):
    job_id = new_job(new_user())
    asked = {**row_of(job_id).request, "about": {"door": "responses", "store": True}}
    change_job(job_id, request=asked)

    assert run(job_id).request == asked
