"""Actions below answers: shown with models, run by the page, and heard by it."""

import pytest

from shared import db
from shared.services import models
from tests.services.things import (
    describe,
    events_of,
    message,
    new_chat,
    new_function,
    offer,
    stored_message,
)

pytestmark = pytest.mark.usefixtures("plugins_end")
CONFIRMING = '''
"""
title: Confirm
icon_url: data:image/png;base64,AAAA
"""
class Action:
    async def action(self, body: dict, __user__=None, __event_emitter__=None, __event_call__=None):
        await __event_emitter__({"type": "status", "data": {"description": "asked", "done": True}})
        said = await __event_call__({"type": "input", "data": {"title": "Sure?"}})
        await __event_emitter__({"type": "message", "data": {"content": f" ({said})"}})
        return {"content": said, "by": __user__["name"], "id": body["id"]}
'''
TWO = """
class Action:
    actions = [
        {"id": "first", "name": "The first", "icon_url": "/1.svg"},
        {"id": "second"},
    ]
    async def action(self, body: dict, __id__=None, __model__=None):
        return {"id": __id__, "model": __model__["id"]}
"""
HANGING = """
import time
class Action:
    actions = [{"id": "hangs"}, {"id": "fine"}]
    def action(self, body, __id__=None):
        return time.sleep(60) if __id__ == "hangs" else [1]
"""


@pytest.fixture(autouse=True)
def served(world, worker, openai_server):
    """A model that everybody may use."""
    offer("fake-alpha", url=openai_server.url)


def add(source, function_id="one", **values):
    new_function(function_id, source, **{"is_active": True, "is_global": True, **values})
    models.forget_catalogue()


def shown(caller):
    (model,) = caller.get("/api/models").json["data"]
    return model["actions"]


def run(caller, action_id="one", chat_id="local", model="fake-alpha"):
    sent = [{"id": "a", "role": "assistant", "content": "one two"}]
    body = {
        "model": model,
        "messages": sent,
        "chat_id": chat_id,
        "session_id": "socket-1",
        "id": "a",
    }
    return caller.post(f"/api/chat/actions/{action_id}", body)


def returning(line):
    return f"import os, time\nclass Action:\n    def action(self, body):\n        {line}\n"


def test_an_action_is_shown_with_its_models_while_it_is_switched_on(admin, member):
    add(CONFIRMING)
    admin.post("/api/v1/functions/id/one/update", form("one", CONFIRMING))
    models.forget_catalogue()
    (told,) = shown(member)
    admin.post("/api/v1/functions/id/one/toggle")
    models.forget_catalogue()

    assert told == {
        "id": "one",
        "name": "one",
        "description": "Asks.",
        "icon_url": "data:image/png;base64,AAAA",
    }
    assert shown(member) == []


def form(function_id, source):
    meta = {"description": "Asks."}
    return {"id": function_id, "name": function_id, "content": source, "meta": meta}


def test_an_action_of_several_is_shown_and_run_by_its_own_id(member):
    add(TWO)

    told = shown(member)
    answer = run(member, "one.second")

    assert [(one["id"], one["name"], one["icon_url"]) for one in told] == [
        ("one.first", "The first", "/1.svg"),
        ("one.second", "one (second)", None),
    ]
    assert answer.json == {"id": "second", "model": "fake-alpha"}


def test_an_action_is_for_the_models_that_name_it(member):
    add(TWO, is_global=False)

    nowhere = shown(member), run(member, "one.first").status_code
    with db.transaction() as session:
        session.merge(describe("fake-alpha", meta={"actionIds": ["one"]}))
    models.forget_catalogue()

    assert nowhere == ([], 404)
    assert len(shown(member)) == 2
    assert run(member, "one.first").status_code == 200


def test_the_page_of_the_caller_is_told_and_asked(member, open_page):
    add(CONFIRMING)
    page = open_page(member.id, lambda _page, _kind, data: f"yes to {data['title']}")
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content="one two"))

    answer = run(member, chat_id=chat.id)

    said = {"content": "yes to Sure?", "by": member.user.name, "id": "a"}
    assert (answer.status_code, answer.json) == (200, said)
    [asked] = page.asked
    assert (asked["chat_id"], asked["message_id"]) == (chat.id, "a")
    row = stored_message(chat.id, "a")
    assert row.content == "one two (yes to Sure?)"
    assert row.data["statusHistory"] == [{"description": "asked", "done": True}]


def test_a_page_that_is_not_open_is_told_to_the_action(member, monkeypatch):
    monkeypatch.setattr("workers.page_calls._FOUND_WITHIN_S", 0.2)
    add(CONFIRMING)

    answer = run(member)

    assert answer.status_code == 400
    assert answer.json["detail"].startswith("Error: ")


@pytest.mark.parametrize(
    ("line", "words"), [("raise Exception('No')", "Error: No"), ("os._exit(1)", "Error: ")]
)
def test_an_action_that_fails_says_so_and_the_next_is_run(member, line, words):
    add(returning(f"{line}\n        return 1"))
    failed = run(member)
    add(returning("return [1]"), "other")

    assert (failed.status_code, words in failed.json["detail"]) == (400, True)
    assert run(member, "other").json == [1]


def test_an_action_that_hangs_is_ended_and_the_next_is_run(member, configure):
    add(HANGING)
    run(member, "one.fine")  # starts its process, for which there is more time

    configure(plugins_timeout_s=0.5)
    hung = run(member, "one.hangs")
    configure(plugins_timeout_s=30)

    assert (hung.status_code, "long" in hung.json["detail"]) == (400, True)
    assert run(member, "one.fine").json == [1]


def test_nobody_runs_an_action_in_the_chat_or_below_the_model_of_another(member, other):
    add(TWO)
    chat = new_chat(other.user, message("a"))
    with db.transaction() as session:
        session.merge(describe("fake-alpha", access_control={}))

    models.forget_catalogue()
    of_no_model = run(member, "one.first")
    with db.transaction() as session:
        session.merge(describe("fake-alpha"))
    models.forget_catalogue()

    assert (of_no_model.status_code, of_no_model.json["detail"]) == (400, "Model not found")
    assert run(member, "one.first", chat_id=chat.id).status_code == 401


def test_a_filter_is_no_action(member):
    add("class Filter:\n    def inlet(self, body):\n        return body\n")

    assert shown(member) == []
    assert run(member).status_code == 404


def test_what_an_action_tells_stands_in_its_log(member, open_page):
    add(CONFIRMING)
    open_page(member.id, lambda *_: "yes")

    run(member)

    (job,) = member.get("/api/v1/jobs").json["items"]
    assert [e["type"] for e in events_of(job["id"])][1:3] == ["event", "delta"]
