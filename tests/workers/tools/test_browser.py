"""Servers of tools that the user's page calls."""

import pytest

from shared.config.options import get_options
from tests.services.open_page import SILENT
from tests.services.things import new_user, offer
from tests.workers.inference.answering import answer
from workers import page_calls

pytestmark = pytest.mark.usefixtures("world")

SERVER = {
    "url": "http://localhost:8000",
    "info": {"title": "Mine"},
    "specs": [
        {
            "type": "function",
            "name": "lights",
            "description": "Switch the lights",
            "parameters": {"type": "object", "properties": {"on": {"type": "string"}}},
        }
    ],
}


@pytest.fixture
def owner(openai_server):
    offer("fake-alpha", url=openai_server.url)
    get_options().set({"USER_PERMISSIONS": {"features": {"direct_tool_servers": True}}})
    return new_user()


def asked_at(owner, question, session_id="socket-1", **more):
    about = {"page_chat_id": "local:1", "page_message_id": "a", "tool_servers": [SERVER]}
    return answer(owner, question, session_id=session_id, **about, **more)


def test_the_page_calls_and_its_result_goes_to_the_model(owner, open_page):
    page = open_page(owner.id, lambda _page, _kind, _data: {"state": "bright"})

    row, events = asked_at(owner, "rounds=lights(on:yes) recite=1", calls_natively=True)

    assert row.result["text"] == 'RESULTS {"state":"bright"}'
    [envelope] = page.asked
    data = envelope["data"]["data"]
    assert (envelope["chat_id"], envelope["message_id"]) == ("local:1", "a")
    assert envelope["data"]["type"] == "execute:tool"
    assert (data["name"], data["params"], data["session_id"]) == (
        "lights",
        {"on": "yes"},
        "socket-1",
    )
    assert data["server"] == {"url": "http://localhost:8000", "info": {"title": "Mine"}}
    assert dict(events)["source"]["sources"][0]["source"] == {
        "name": "TOOL:http://localhost:8000/lights"
    }


def test_what_was_chosen_by_prompt_is_a_source(owner, open_page, openai_server):
    open_page(owner.id, lambda _page, _kind, _data: ["bright", "data:image/png;base64,AA"])

    row, events = asked_at(owner, "choose=lights(on:yes) say=ok")

    assert row.result["text"] == "ok"
    assert dict(events)["source"]["sources"][0]["document"] == ['["bright"]']
    system = openai_server.log()[-1]["json"]["messages"][0]["content"]
    assert '<source id="1">["bright"]</source>' in system


def test_a_page_that_reports_an_error_tells_the_model(owner, open_page):
    open_page(owner.id, lambda _page, _kind, _data: {"error": "no such lamp"})

    row, _ = asked_at(owner, "rounds=lights(on:yes) recite=1", calls_natively=True)

    assert row.result["text"] == "RESULTS Error: no such lamp"


def test_a_page_that_has_left_tells_the_model(owner, monkeypatch):
    monkeypatch.setattr(page_calls, "_FOUND_WITHIN_S", 0.1)

    row, _ = asked_at(owner, "rounds=lights(on:yes) recite=1", calls_natively=True)

    assert row.result["text"] == "RESULTS Error: The page is not connected."


def test_a_page_that_leaves_in_the_middle_tells_the_model(owner, open_page):
    def leave(page, _kind, _data):
        page.close()
        return SILENT

    open_page(owner.id, leave)

    row, _ = asked_at(owner, "rounds=lights(on:yes) recite=1", calls_natively=True)

    assert "Error: " in row.result["text"]


@pytest.mark.parametrize("session_id", [None, "socket-1"])
def test_nothing_is_offered_without_a_page_or_without_the_permission(
    owner, openai_server, session_id
):
    if session_id:
        get_options().set({"USER_PERMISSIONS": {"features": {"direct_tool_servers": False}}})

    asked_at(owner, "say=x", session_id=session_id, calls_natively=True)

    assert "tools" not in openai_server.log()[-1]["json"]
