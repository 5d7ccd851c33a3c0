"""Questions to the page from which a job was started."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared import leases, page_calls
from shared.errors import Invalid
from shared.redis import get_redis, key
from tests.services.open_page import SILENT
from tests.services.things import new_job, new_user
from tests.services.waiting import wait_until
from web.stream import page_calls as of_web
from workers import page_calls as asking
from workers.live import Cancelled, Running
from workers.page_calls import Page, PageGone, PageSilent, ask, follow

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def user():
    return new_user()


@pytest.fixture
def job(user):
    return Running(leases.claim(new_job(user)))


def page_of(user, sid="socket-1"):
    return Page(user.id, sid, "c", "m")


def test_a_page_is_asked_and_its_answer_comes_back(user, job, open_page):
    page = open_page(user.id, lambda _page, kind, data: {"kind": kind, "code": data["code"]})

    said = ask(job, page_of(user), "execute:python", {"code": "1 + 1"})

    assert said == {"kind": "execute:python", "code": "1 + 1"}
    [envelope] = page.asked
    assert envelope == {
        "chat_id": "c",
        "message_id": "m",
        "data": {"type": "execute:python", "data": {"code": "1 + 1"}},
    }


def test_a_stream_of_a_page_comes_in_order(user, job, open_page):
    lines = [f"line {n}" for n in range(500)]

    def answer(page, _kind, data):
        for line in lines:
            page.send(data["channel"], line)
        page.send("another channel", "not asked for")
        return {"status": True}

    open_page(user.id, answer)
    found = follow(job, page_of(user), "request", {"channel": "ch"}, stream="ch")

    said = [next(found) for _ in range(501)]

    assert [data for is_answer, data in said if not is_answer] == lines
    assert (True, {"status": True}) in said


@pytest.mark.parametrize("sid", ["another's", ""])
def test_where_no_such_page_is_open_it_is_said_soon(user, job, open_page, monkeypatch, sid):
    monkeypatch.setattr(asking, "_FOUND_WITHIN_S", 0.2)
    page = open_page(user.id, lambda *_: "never")

    with pytest.raises(PageGone):
        ask(job, page_of(user, sid), "input", {})
    assert page.asked == []


def test_the_page_of_another_is_not_asked(user, job, open_page, monkeypatch):
    monkeypatch.setattr(asking, "_FOUND_WITHIN_S", 0.2)
    page = open_page(new_user().id, lambda *_: "stolen")

    with pytest.raises(PageGone):
        ask(job, page_of(user, page.sid), "input", {})
    assert page.asked == []


def test_a_page_that_closes_in_the_middle_ends_the_wait(user, job, open_page):
    def leave(page, _kind, _data):
        page.close()
        return SILENT

    open_page(user.id, leave)

    with pytest.raises(PageGone):
        ask(job, page_of(user), "execute:python", {})


def test_a_page_that_does_not_answer_is_not_waited_for_for_ever(user, job, open_page):
    open_page(user.id, lambda *_: SILENT)

    with pytest.raises(PageSilent):
        ask(job, page_of(user), "input", {}, patience_s=0.2)


def test_a_page_that_floods_is_cut_off(user, job, open_page, monkeypatch):
    monkeypatch.setattr(of_web, "_MOST_CHARACTERS", 1000)
    open_page(user.id, lambda *_: "x" * 2000)

    with pytest.raises(Invalid):
        ask(job, page_of(user), "input", {})


def test_a_page_that_says_what_is_too_deep_to_be_stored_is_cut_off(user, job, open_page):
    said = {}
    for _ in range(300):
        said = {"in": said}
    open_page(user.id, lambda *_: said)

    with pytest.raises(Invalid, match="nested deeper"):
        ask(job, page_of(user), "input", {})


def test_nothing_of_a_question_is_left_in_redis(user, job, open_page):
    open_page(user.id, lambda *_: "said")

    ask(job, page_of(user), "input", {})

    wait_until(lambda: not get_redis().keys(key("question", "*")), 2, "an empty Redis")


def test_what_comes_after_the_end_is_for_nobody(user):
    page_calls.answer("q", 1)

    page_calls.close(user.id, "q")

    assert page_calls.told("q", 0) == []


def test_a_page_that_answers_nothing_has_answered(user, job, open_page):
    open_page(user.id, lambda *_: None)

    assert ask(job, page_of(user), "confirmation", {}) is None


def test_for_a_job_that_was_stopped_no_page_is_asked(user, job, open_page):
    page = open_page(user.id, lambda *_: "said")
    job.stop(Cancelled)

    with pytest.raises(Cancelled):
        ask(job, page_of(user), "input", {})
    assert page.asked == []


def test_several_questions_wait_side_by_side_and_end_with_the_job(user, job, open_page):
    asked = threading.Semaphore(0)
    open_page(user.id, lambda *_: asked.release() or SILENT)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask, job, page_of(user), "input", {}) for _ in range(2)]
        for _ in waiting:
            assert asked.acquire(timeout=5)

        job.stop(Cancelled)

        for one in waiting:
            with pytest.raises(Cancelled):
                one.result(5)
