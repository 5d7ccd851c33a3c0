"""Chat answers that fail, break off, are stopped, or are not allowed any more."""

import threading

import pytest

from shared import db, leases
from shared.models.job import CANCELLED, COMPLETED, FAILED
from shared.models.user import User
from shared.services import chats, models
from tests.services.things import (
    describe,
    message,
    new_chat,
    new_job,
    new_user,
    offer,
    stored_message,
    told,
)
from tests.services.waiting import wait_until
from tests.workers.inference.answering import QUESTION, answer, in_chat, payload, run, text_of
from workers.inference import chat
from workers.live import Cancelled, Running


@pytest.fixture(autouse=True)
def _served(world, openai_server):
    offer("fake-alpha", url=openai_server.url)


@pytest.fixture
def owner():
    return new_user()


@pytest.fixture
def impatient(monkeypatch):
    """Pauses between tries are short."""
    monkeypatch.setattr(chat, "_FIRST_PAUSE_S", 0.01)


def test_a_failure_that_passes_before_the_first_piece_is_tried_again(
    owner, openai_server, impatient
):
    job, events = answer(owner, f"{QUESTION} fail=503 times=2")

    statuses = [data for kind, data in events if kind == "status"]
    assert job.status == COMPLETED
    assert [round(s["retry_in_s"], 3) for s in statuses] == [0.01, 0.02]
    assert all("503" in s["description"] and s["done"] is False for s in statuses)
    assert len(openai_server.log()) == 3


def test_a_failure_that_does_not_pass_is_told_after_all_tries(owner, openai_server, impatient):
    job, _ = answer(owner, "fail=503")

    assert (job.status, "503" in job.error) == (FAILED, True)
    assert len(openai_server.log()) == 3


def test_the_providers_own_pause_is_kept(owner, openai_server, configure):
    configure(upstream_tries=2)

    job, events = answer(owner, f"{QUESTION} fail=429 retry=1 times=1")

    (status,) = [data for kind, data in events if kind == "status"]
    assert (job.status, status["retry_in_s"]) == (COMPLETED, 1.0)


def test_what_a_provider_refuses_is_not_asked_again(owner, openai_server):
    job, _ = answer(owner, "fail=400")

    assert (job.status, len(openai_server.log())) == (FAILED, 1)


def test_an_answer_that_breaks_off_is_not_begun_again_and_what_came_is_kept(
    each_database, openai_server
):
    offer("fake-alpha", url=openai_server.url)
    chat_id, job_id = in_chat(new_user(), "tokens=9 cut=3")

    job, events = run(job_id)

    row = stored_message(chat_id, "a")
    assert (job.status, len(openai_server.log())) == (FAILED, 1)
    assert row.content == text_of(events) != ""
    assert row.data["error"] == {"content": job.error}
    assert (row.is_running, row.data["done"]) == (False, True)


def test_a_cancelled_answer_keeps_what_came_and_closes_the_connection(owner, openai_server):
    chat_id, job_id = in_chat(owner, "tell me hang=2")
    claim = leases.claim(job_id)
    running = Running(claim)
    turn = chat.ChatTurn(running)
    hang = _in_thread(turn.do)
    wait_until(lambda: not turn._answer.is_empty, 5, "the first piece")

    running.stop(Cancelled)

    with pytest.raises(Cancelled):
        hang()
    leases.finish(claim, CANCELLED, None, lambda: turn.save(CANCELLED, None))
    assert stored_message(chat_id, "a").content.startswith("ECHO-")
    wait_until(lambda: openai_server.open_streams == 0, 1, "the connection to be closed")


def _in_thread(do):
    """Start something in a thread; the result waits for it and raises its error."""
    errors = []

    def run():
        try:
            do()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def join():
        thread.join(10)
        raise errors[0]

    return join


def test_a_pause_between_tries_ends_with_the_job(owner, openai_server):
    job_id = new_job(owner, payload=payload("fail=503"))
    running = Running(leases.claim(job_id))
    turn = chat.ChatTurn(running)
    wait = _in_thread(turn.do)
    wait_until(lambda: any(kind == "status" for kind, _ in told(job_id)), 5, "the pause")

    running.stop(Cancelled)

    with pytest.raises(Cancelled):
        wait()


# Rights, looked up again


def test_an_account_that_is_gone_gets_no_answer(each_database, openai_server):
    offer("fake-alpha", url=openai_server.url)
    user = new_user()
    job_id = new_job(user, payload=payload())
    with db.transaction() as session:
        session.delete(session.get(User, user.id))

    job, _ = run(job_id)

    assert (job.status, openai_server.log()) == (FAILED, [])


def test_an_account_that_has_lost_its_role_gets_no_answer(owner, openai_server):
    job_id = new_job(owner, payload=payload())
    with db.transaction() as session:
        session.get(User, owner.id).role = "pending"

    job, _ = run(job_id)

    assert (job.status, openai_server.log()) == (FAILED, [])


def test_a_model_that_is_not_the_users_any_more_is_not_asked(owner, openai_server):
    job_id = new_job(owner, payload=payload())
    with db.transaction() as session:
        session.merge(describe("fake-alpha", access_control={}))
    models.forget_catalogue()

    job, _ = run(job_id)

    assert (job.status, openai_server.log()) == (FAILED, [])
    assert job.error == "Model 'fake-alpha' was not found"


def test_into_a_chat_that_was_deleted_nothing_is_answered(owner, openai_server):
    chat_id, job_id = in_chat(owner)
    with db.transaction():
        chats.remove(chats.find(chat_id))

    job, _ = run(job_id)

    assert (job.status, job.error) == (FAILED, "The chat was deleted.")
    assert openai_server.log() == []


def test_into_the_chat_of_another_nothing_is_answered(owner, openai_server):
    foreign = new_chat(new_user(), message("q"), message("a", "q", "assistant", content="theirs"))
    job_id = new_job(owner, payload=payload(), chat_id=foreign.id, message_id="a")

    job, _ = run(job_id)

    assert (job.status, openai_server.log()) == (FAILED, [])
    assert stored_message(foreign.id, "a").content == "theirs"
