"""Telling users who are away that an answer of theirs is there."""

import json

import pytest

from shared import db
from shared.config.options import get_options
from shared.models.chat import Chat
from shared.models.job import COMPLETED
from shared.models.user import User
from shared.services import presence
from tests.fakes.web_server import FakeWeb
from tests.services.inside import sent
from tests.services.things import change_job, new_user, offer, row_of
from tests.workers.inference.answering import in_chat, run
from workers import base

KIND = "webhooks.tell_finished"


@pytest.fixture
def web(each_database, configure, openai_server):
    configure(outbound_allowed_networks="127.0.0.1")
    offer("fake-alpha", url=openai_server.url)
    with FakeWeb() as server:
        yield server


def wish(user, url):
    with db.transaction() as session:
        session.get(User, user.id).settings = {"ui": {"notifications": {"webhook_url": url}}}


def answered(user, question="say=hello"):
    """Have a question answered in a chat, and what follows done; gives the chat's id."""
    chat_id, job_id = in_chat(user, question)
    run(job_id)
    for job in sent("default"):
        base.run(job)
    return chat_id


def test_who_is_away_is_told_of_an_answer(web):
    user = new_user()
    wish(user, web.put("/hook", "ok"))

    chat_id = answered(user)

    ((method, path, headers, body),) = web.asked
    told = json.loads(body)
    assert (method, path, headers["content-type"]) == ("POST", "/hook", "application/json")
    assert (told["action"], told["title"], told["message"]) == ("chat", "A chat", "hello")
    assert told["url"].endswith(f"/c/{chat_id}")
    assert told["text"] == f"A chat - {told['url']}\n\nhello"


def test_reasoning_is_not_told(web):
    user = new_user()
    wish(user, web.put("/hook", "ok"))

    answered(user, "say=hello think=3")

    assert json.loads(web.asked[0][3])["message"] == "hello"


def test_who_is_here_sees_it_on_the_page(web):
    user = new_user()
    wish(user, web.put("/hook", "ok"))
    presence.arrive("process", [user.id])

    answered(user)

    assert web.asked == []


def test_an_answer_that_failed_is_not_told(web):
    user = new_user()
    wish(user, web.put("/hook", "ok"))

    answered(user, "fail=400")

    assert web.asked == []


def test_who_wishes_for_nothing_costs_no_job(web):
    user = new_user()

    answered(user)

    assert [row_of(job).kind for job in sent("default")] == []


def test_nobody_is_told_where_admins_have_switched_it_off(web):
    user = new_user()
    wish(user, web.put("/hook", "ok"))
    get_options().set({"ENABLE_USER_WEBHOOKS": False})

    answered(user)

    assert web.asked == []


@pytest.mark.parametrize("odd", ["/nothing", "http://10.0.0.1/x", "ftp://x", "no address"])
def test_an_address_that_cannot_be_reached_harms_nobody(web, odd):
    user = new_user()
    wish(user, odd)

    answered(user)

    [job] = [row_of(job) for job in sent("default") if row_of(job).kind == KIND]
    assert job.status == COMPLETED


def test_a_redirect_is_not_followed(web):
    user = new_user()
    with FakeWeb() as other:
        wish(user, f"{web.url}/to?{other.url}/hook")

        answered(user)

        assert [path.partition("?")[0] for _, path, _, _ in web.asked] == ["/to"]
        assert other.asked == []


def test_of_a_chat_that_is_another_s_by_now_nothing_is_told(web):
    user = new_user()
    wish(user, web.put("/hook", "ok"))
    chat_id, job_id = in_chat(user, "say=hello")
    run(job_id)
    with db.transaction() as session:
        session.get(Chat, chat_id).user_id = new_user().id

    for job in sent("default"):
        change_job(job, chat_id=chat_id)
        base.run(job)

    assert web.asked == []
