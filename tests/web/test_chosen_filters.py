"""Filters that users switch on for a request: shown with the models, run where they are chosen."""

import pytest

from shared.services import models
from tests.services.things import new_function, offer

pytestmark = pytest.mark.usefixtures("plugins_end")

SOURCE = """
class Filter:
    def __init__(self):
        self.toggle = True
        self.icon = "data:image/svg+xml;base64,PHN2Zy8+"

    def inlet(self, body):
        body["messages"][-1]["content"] = "say=chosen"
        return body

    def outlet(self, body):
        body["messages"][-1]["content"] += " once"
        return body
"""


@pytest.fixture(autouse=True)
def served(world, worker, openai_server):
    """A model that everybody may use, and a filter that is a choice."""
    offer("fake-alpha", url=openai_server.url)
    new_function("polite", SOURCE, is_active=True, is_global=True)
    models.forget_catalogue()


def said(caller, **more):
    body = {"model": "fake-alpha", "messages": [{"role": "user", "content": "say=plain"}], **more}
    answer = caller.post("/api/chat/completions", body)
    assert answer.status_code == 200, answer.text
    return answer.json["choices"][0]["message"]["content"]


def completed(caller, **more):
    sent = [{"id": "a", "role": "assistant", "content": "said"}]
    body = {"model": "fake-alpha", "messages": sent, "chat_id": "local", "session_id": "s", **more}
    return caller.post("/api/chat/completed", {**body, "id": "a"}).json["messages"][0]["content"]


def test_models_tell_which_filters_may_be_chosen(member):
    [model] = [m for m in member.get("/api/models").json["data"] if m["id"] == "fake-alpha"]

    [shown] = model["filters"]
    assert (shown["id"], shown["name"]) == ("polite", "polite")
    assert shown["icon"].startswith("data:image/svg+xml")


def test_a_filter_that_is_no_choice_is_not_shown(member):
    new_function("always", SOURCE.replace("True", "False"), is_active=True, is_global=True)
    models.forget_catalogue()

    [model] = [m for m in member.get("/api/models").json["data"] if m["id"] == "fake-alpha"]

    assert [one["id"] for one in model["filters"]] == ["polite"]


def test_it_runs_where_it_is_chosen(member):
    assert said(member, filter_ids=["polite"]) == "chosen"


@pytest.mark.parametrize("chosen", [[], ["another"], [1, None]])
def test_it_does_not_run_where_it_is_not_chosen(member, chosen):
    assert said(member, filter_ids=chosen) == "plain"


def test_it_runs_for_clients_that_know_of_no_choice(member):
    assert said(member) == "chosen"


def test_a_choice_adds_no_filter_that_is_not_for_the_model(member):
    new_function("elsewhere", SOURCE.replace("chosen", "astray"), is_active=True)
    models.forget_catalogue()

    assert said(member, filter_ids=["elsewhere"]) == "plain"


def test_an_outlet_runs_where_it_was_chosen(member):
    assert completed(member, filter_ids=[]) == "said"
    assert completed(member, filter_ids=["polite"]) == "said once"
