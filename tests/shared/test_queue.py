"""Accepting jobs: the row with the transaction, the broker after the commit."""

import pytest
from celery import Celery
from redis.exceptions import RedisError

from shared import broker, db, leases, queue, relay, sweep
from shared.kinds.inference import RUN_CHAT, WRITE_TITLE, RunChat, WriteTitle
from shared.models.job import QUEUED, Job
from shared.queue import Subject
from shared.redis import get_redis, key
from tests.services.inside import sent
from tests.services.things import new_job, new_user, row_of

pytestmark = pytest.mark.usefixtures("world")
SECRET = "what the user asked"


def payload():
    return RunChat(body={"messages": [{"role": "user", "content": SECRET}]}, model="alpha")


def test_the_broker_hears_of_a_job_after_the_commit(each_database):
    with db.transaction():
        job_id = queue.enqueue(RUN_CHAT, payload(), Subject(new_user().id))
        before = sent()

    assert (before, sent()) == ([], [job_id])


def test_a_rollback_sends_nothing(each_database):
    with pytest.raises(ValueError, match="no"), db.transaction():
        job_id = queue.enqueue(RUN_CHAT, payload(), Subject())
        raise ValueError("no")

    assert sent() == []
    with db.reading() as session:
        assert session.get(Job, job_id) is None


def test_the_row_says_what_was_accepted(each_database):
    owner = new_user()
    about = {"chat_id": "c", "message_id": "m", "parent_id": "p"}

    job = row_of(new_job(owner, payload=payload(), **about))

    assert (job.kind, job.queue, job.status, job.attempt) == (
        "inference.run_chat",
        "interactive",
        QUEUED,
        0,
    )
    assert (job.user_id, job.chat_id, job.message_id, job.parent_id) == (owner.id, "c", "m", "p")
    assert (job.model, RunChat.model_validate(job.request)) == ("alpha", payload())


def test_a_job_waits_in_the_queue_of_its_kind():
    job_id = new_job(new_user(), WRITE_TITLE, WriteTitle(model="alpha"))

    assert (sent("default"), sent("interactive")) == ([job_id], [])


def test_jobs_wait_in_the_order_in_which_they_were_accepted():
    owner = new_user()

    jobs = [new_job(owner) for _ in range(5)]

    assert sent() == jobs


def test_the_message_holds_nothing_that_a_user_wrote():
    new_job(new_user(), payload=payload())

    (message,) = get_redis().lrange(key("broker", "interactive"), 0, -1)

    assert SECRET.encode() not in message
    assert b"content-type" in message


def test_a_caller_may_choose_the_id():
    with db.transaction():
        job_id = queue.enqueue(RUN_CHAT, payload(), Subject(), "chosen")

    assert (job_id, sent()) == ("chosen", ["chosen"])


def test_a_job_is_accepted_although_the_broker_is_away(mortal_valkey):
    mortal_valkey.kill()

    job_id = new_job(new_user())

    assert (row_of(job_id).status, row_of(job_id).sent_at) == (QUEUED, None)


def test_a_job_that_the_broker_never_heard_of_is_found_by_the_sweep(mortal_valkey):
    mortal_valkey.kill()
    job_id = new_job(new_user())
    mortal_valkey.restart()

    assert [lost.id for lost in sweep.sweep()] == [job_id]


def test_the_broker_is_used_again_when_it_returns(mortal_valkey):
    mortal_valkey.kill()
    new_job(new_user())
    mortal_valkey.restart()

    job_id = new_job(new_user())

    assert sent()[-1] == job_id


def test_a_job_that_was_taken_meanwhile_is_not_marked_as_unsent(mortal_valkey):
    mortal_valkey.kill()
    with db.transaction():
        job_id = queue.enqueue(RUN_CHAT, payload(), Subject())
        leases.claim(job_id)

    assert row_of(job_id).sent_at is not None


def test_sending_to_a_broker_that_is_away_is_an_error(mortal_valkey):
    mortal_valkey.kill()

    with pytest.raises(RedisError):
        broker.ring("j", RUN_CHAT.name, RUN_CHAT.queue, None)


def test_a_broker_that_is_not_redis_gets_its_message_from_celery(configure, monkeypatch):
    configure(broker_url="memory://")
    other = Celery(broker="memory://")
    monkeypatch.setattr(broker, "celery", lambda: other)

    job_id = new_job(new_user())

    with other.connection() as connection, connection.SimpleQueue("interactive") as waiting:
        message = waiting.get(timeout=5)
    assert (message.headers["id"], message.headers["task"]) == (job_id, RUN_CHAT.name)
    assert sent() == []


@pytest.fixture
def listener():
    """Hears what the web processes hear about a user."""
    pubsub = get_redis().pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe(relay.user_channel("u"))
    pubsub.get_message(timeout=5)
    yield pubsub
    pubsub.close()


def test_web_processes_hear_of_a_users_job_after_the_commit(listener):
    with db.transaction():
        queue.announce("j", RUN_CHAT, "u", "c", "m")
        before = listener.get_message(timeout=0.05)

    told = listener.get_message(timeout=5)["data"]

    assert before is None
    assert b'"job":"j"' in told
    assert b'"chat_id":"c"' in told


def test_web_processes_hear_nothing_of_what_was_rolled_back(listener):
    with pytest.raises(ValueError, match="no"), db.transaction():
        queue.announce("rolled-back", RUN_CHAT, "u", "c", "m")
        raise ValueError("no")
    relay.tell_user("u", "mark", {})

    assert b'"mark"' in listener.get_message(timeout=5)["data"]


def test_an_announcement_that_cannot_be_made_harms_nobody(mortal_valkey):
    mortal_valkey.kill()
    with db.transaction():
        queue.announce("j", RUN_CHAT, "u", "c", "m")
        job_id = queue.enqueue(RUN_CHAT, payload(), Subject())

    assert row_of(job_id).status == QUEUED


def test_a_payload_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="extra"):
        WriteTitle(model="alpha", api_key="k")
