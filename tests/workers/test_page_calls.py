"""Questions to the page from which a job was started."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared import leases, page_calls, relay
from shared.subscriber import subscriber
from tests.services.things import new_job, new_user
from workers import page_calls as asking
from workers.live import Cancelled, Running
from workers.page_calls import Page, PageGone, PageSilent, ask

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def owner():
    return new_user()


@pytest.fixture
def job(owner):
    claim = leases.claim(new_job(owner))
    return Running(claim)


@pytest.fixture
def page(owner):
    return Page(owner.id, "sid", "chat", "a")


@pytest.fixture
def listen(owner):
    """Stand in for a web process that has the page: `listen(take)` calls with each question."""
    added = []

    def start(take):
        def hear(message):
            call = json.loads(message)["data"]
            threading.Thread(target=take, args=(call,), daemon=True).start()

        assert subscriber.add(relay.user_channel(owner.id), hear).wait(5)
        added.append(hear)

    yield start
    for hear in added:
        subscriber.remove(relay.user_channel(owner.id), hear)


def test_a_page_is_asked_and_its_answer_comes_back(job, page, listen):
    calls = []

    def take(call):
        calls.append(call)
        page_calls.take(call["id"])
        page_calls.answer(call["id"], {"stdout": "4"})

    listen(take)

    assert ask(job, page, "execute:python", {"code": "2+2"}) == {"stdout": "4"}
    assert calls[0]["session_id"] == "sid"
    assert calls[0]["event"] == {
        "chat_id": "chat",
        "message_id": "a",
        "data": {"type": "execute:python", "data": {"code": "2+2"}},
    }


def test_a_page_that_answers_nothing_has_answered(job, page, listen):
    listen(lambda call: page_calls.answer(call["id"], None))

    assert ask(job, page, "confirmation", {}) is None


def test_a_page_that_nobody_has_is_gone(job, page, monkeypatch):
    monkeypatch.setattr(asking, "_FOUND_WITHIN_S", 0.1)

    with pytest.raises(PageGone):
        ask(job, page, "input", {})


def test_a_page_that_does_not_answer_is_not_waited_for_for_ever(job, page, listen):
    listen(lambda call: page_calls.take(call["id"]))

    with pytest.raises(PageSilent):
        ask(job, page, "input", {}, patience_s=0.3)


def test_several_questions_wait_side_by_side_and_end_with_the_job(job, page, listen):
    asked = threading.Semaphore(0)

    def take(call):
        page_calls.take(call["id"])
        asked.release()

    listen(take)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask, job, page, "input", {}) for _ in range(2)]
        for _ in waiting:
            assert asked.acquire(timeout=5)

        job.stop(Cancelled)

        for one in waiting:
            with pytest.raises(Cancelled):
                one.result(5)
