"""Asking a worker and waiting for its answer within one request."""

import threading

import pytest

from shared import leases, relay
from shared.errors import Unavailable, UpstreamFailed
from shared.kinds.catalogue import CALL_CONNECTION, CallConnection
from shared.models.job import COMPLETED, FAILED, QUEUED
from shared.queue import Subject
from tests.services.inside import sent
from tests.services.things import new_user, row_of
from tests.services.waiting import wait_until
from web.stream import waiting

pytestmark = pytest.mark.usefixtures("each_database")
QUESTION = CallConnection(kind="openai", question="models", index=0)


def ask(patience_s=10.0, user=None):
    subject = Subject(user.id if user else None)
    return waiting.ask(CALL_CONNECTION, QUESTION, subject, patience_s)


@pytest.fixture
def answering():
    """Answer the next job as a worker would, with the database or the log or both."""
    threads = []

    def start(status, data, in_log=True):
        def work():
            wait_until(sent, 10, "the question")
            claim = leases.claim(sent()[-1])
            leases.finish(claim, status, data.get("error"), lambda: data)
            if in_log:
                relay.append(claim.id, 1, status, data)

        threads.append(threading.Thread(target=work, daemon=True))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(10)


def test_the_answer_is_the_jobs_result(answering):
    answering(COMPLETED, {"answer": [1]})

    assert ask() == {"answer": [1]}


def test_a_job_that_fails_is_told_in_its_own_words(answering):
    answering(FAILED, {"error": "host answered 401", "reason": "misconfigured"})

    with pytest.raises(UpstreamFailed, match="host answered 401") as caught:
        ask()

    assert caught.value.reason == "misconfigured"


def test_a_job_that_takes_longer_goes_on_without_its_client():
    with pytest.raises(Unavailable):
        ask(patience_s=1.0)

    (job_id,) = sent()
    assert row_of(job_id).status == QUEUED


def test_the_question_belongs_to_whoever_asks(answering):
    user = new_user()
    answering(COMPLETED, {})

    ask(user=user)

    assert row_of(sent()[0]).user_id == user.id
