"""Tools that the task model chooses before the answer."""

import json

import pytest

from shared import db
from shared.config.options import get_options
from tests.services.things import describe, new_user, offer, stored_message
from tests.services.tool_servers import connect, connection
from tests.workers.inference.answering import answer, in_chat, run

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def owner(openai_server, tool_server):
    offer("fake-alpha", "fake-beta", url=openai_server.url)
    connect(connection(tool_server.url))
    return new_user()


def asked_of(server):
    return [record["json"] for record in server.log() if record["path"].endswith("/completions")]


def chosen(owner, question, **more):
    return answer(owner, question, tool_ids=["server:0"], **more)


def test_what_was_chosen_is_called_and_stands_behind_the_question(owner, openai_server):
    row, events = chosen(owner, "choose=get_weather(city:Rome)+convert(celsius:0) say=done")

    choice, asked = asked_of(openai_server)
    assert row.result["text"] == "done"
    assert asked["messages"][-1]["content"].endswith(
        '\nTool `get_weather` Output: {"city":"Rome","sky":"blue","unit":"C"}'
        '\nTool `convert` Output: {"fahrenheit":32.0}'
    )
    assert "tools" not in choice
    assert "tools" not in asked
    assert '"name":"get_weather"' in choice["messages"][0]["content"]
    assert choice["messages"][1]["content"].startswith("History:\nUSER:")
    assert not [data for kind, data in events if kind == "tool_call"]


def test_nothing_is_called_when_nothing_was_chosen(owner, tool_server):
    row, _ = chosen(owner, "say=nothing+needed")

    assert row.result["text"] == "nothing needed"
    assert [one["path"] for one in tool_server.log()] == ["/openapi.json"]


def test_functions_that_do_not_exist_and_parameters_that_are_unknown_are_left_out(
    owner, tool_server
):
    chosen(owner, "choose=delete_all()+get_weather(city:Rome,secret:1) say=x")

    assert [one["path"] for one in tool_server.log()][1:] == ["/weather/Rome"]


def test_a_tool_that_fails_is_told_to_the_model(owner, openai_server):
    chosen(owner, "choose=fails() say=sorry")

    told = asked_of(openai_server)[-1]["messages"][-1]["content"]
    assert told.endswith("Tool `fails` Output: Error: HTTP error 503: the sensor is broken")


def test_the_task_model_chooses_with_the_admins_words(owner, openai_server):
    template = 'Pick of {{TOOLS}}, answer {"tool_calls": []}'
    get_options().set(
        {"TASK_MODEL_EXTERNAL": "fake-beta", "TOOLS_FUNCTION_CALLING_PROMPT_TEMPLATE": template}
    )

    chosen(owner, "choose=convert(celsius:1) say=x")

    choice = asked_of(openai_server)[0]
    assert choice["model"] == "fake-beta"
    assert choice["messages"][0]["content"].startswith("Pick of [{")


def test_a_task_model_that_fails_leaves_the_answer_without_tools(owner, openai_server):
    offer("fake-alpha", "fake-beta;fail=500", url=openai_server.url)
    get_options().set({"TASK_MODEL_EXTERNAL": "fake-beta;fail=500"})

    row, _ = chosen(owner, "choose=convert(celsius:1) say=anyway")

    assert row.result["text"] == "anyway"


def test_a_models_row_may_ask_for_native_calls(owner, openai_server):
    with db.transaction() as session:
        session.merge(describe("fake-alpha", params={"function_calling": "native"}))

    row, _ = chosen(owner, "rounds=convert(celsius:1) recite=1")

    assert row.result["text"] == 'RESULTS {"fahrenheit":33.8}'


def test_what_is_done_is_shown_and_kept(owner):
    chat, job_id = in_chat(owner, "choose=convert(celsius:1) say=x", tool_ids=["server:0"])

    _, events = run(job_id)

    told = [data["description"] for kind, data in events if kind == "status"]
    assert told == ["Calling convert", "Called convert"]
    assert [one["description"] for one in stored_message(chat, "a").data["statusHistory"]] == told


def test_a_clients_own_functions_stay_its_own(owner):
    own = {"type": "function", "function": {"name": "mine", "parameters": {}}}

    row, events = chosen(owner, "tool=mine args=x:1", body={"tools": [own]})

    [call] = row.result["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"x": "1"}
    assert any("tool_calls" in data for kind, data in events if kind == "delta")
