"""Models that ask for calls themselves: the calls are made here, in rounds."""

import re
import threading

import pytest

from shared.services import live_answers
from tests.services.things import new_job, new_user, offer, stored_message
from tests.services.tool_servers import connect, connection
from tests.services.waiting import wait_until
from tests.workers.inference.answering import answer, in_chat, payload, run, text_of
from workers import base
from workers.live import Cancelled, live
from workers.tools import rounds

pytestmark = pytest.mark.usefixtures("world")

TWO_ROUNDS = "rounds=get_weather(city:Paris)+get_weather(city:Rome)/convert(celsius:20) recite=1"


@pytest.fixture
def owner(openai_server, tool_server):
    offer("fake-alpha", url=openai_server.url)
    connect(connection(tool_server.url))
    return new_user()


def native(owner, question, **more):
    return answer(owner, question, tool_ids=["server:0"], calls_natively=True, **more)


def calls_of(events):
    return [data for kind, data in events if kind == "tool_call"]


def asked_of(server):
    return [record["json"] for record in server.log() if record["path"].endswith("/completions")]


def test_three_calls_in_two_rounds_lead_to_one_answer(owner, openai_server):
    row, events = native(owner, TWO_ROUNDS)

    assert row.status == "completed", row.error
    done = [call for call in calls_of(events) if call["done"]]
    assert [call["name"] for call in done[:2]] == ["get_weather", "get_weather"]
    assert {call["result"] for call in done} == {
        '{"city":"Paris","sky":"blue","unit":"C"}',
        '{"city":"Rome","sky":"blue","unit":"C"}',
        '{"fahrenheit":68.0}',
    }
    assert text_of(events).startswith("RESULTS")
    assert '{"fahrenheit":68.0}' in row.result["text"]
    assert len(asked_of(openai_server)) == 3


def test_the_functions_are_offered_and_the_results_go_back_in_their_order(owner, openai_server):
    native(owner, TWO_ROUNDS)

    first, second, _ = asked_of(openai_server)
    offered = {tool["function"]["name"]: tool["function"] for tool in first["tools"]}
    assert offered["get_weather"]["parameters"] == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where"},
            "unit": {"enum": ["C", "F"]},
        },
        "required": ["city"],
    }
    asked, *told = second["messages"][-3:]
    assert [call["id"] for call in asked["tool_calls"]] == [one["tool_call_id"] for one in told]
    assert ["Paris" in told[0]["content"], "Rome" in told[1]["content"]] == [True, True]


def test_no_reader_is_asked_to_make_the_calls_itself(owner):
    row, events = native(owner, TWO_ROUNDS)

    deltas = [data for kind, data in events if kind == "delta"]
    assert not any("tool_calls" in data for data in deltas)
    assert [data["finish_reason"] for data in deltas if "finish_reason" in data] == ["stop"]
    assert "message" not in row.result or not row.result["message"].get("tool_calls")


def test_ids_that_a_model_uses_in_each_round_anew_are_told_apart(owner):
    _, events = native(owner, TWO_ROUNDS)

    assert len({call["id"] for call in calls_of(events)}) == 3


def test_calls_are_shown_while_they_are_under_way_and_kept_in_the_message(owner):
    chat, job_id = in_chat(owner, TWO_ROUNDS, tool_ids=["server:0"], calls_natively=True)

    _, events = run(job_id)

    content = stored_message(chat, "a").content
    assert [call["done"] for call in calls_of(events)][:2] == [False, False]
    blocks = re.findall(r'<details type="tool_calls" done="true"[^>]*>', content)
    assert len(blocks) == 3
    assert 'name="get_weather" arguments="&quot;{\\&quot;city\\&quot;' in blocks[0]
    assert 'result="&quot;{\\&quot;city\\&quot;:\\&quot;Paris\\&quot;' in blocks[0]
    assert content.index("Tool Executed") < content.index("RESULTS")
    assert content == live_answers.so_far(job_id).content()


def test_what_goes_wrong_with_a_tool_is_told_to_the_model(owner):
    row, _ = native(owner, "rounds=fails() recite=1")

    assert row.result["text"] == "RESULTS Error: HTTP error 503: the sensor is broken"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("get_weather(city:..)", "The argument city cannot be '..'"),
        ("convert(celsius:warm)", "HTTP error 500"),
        ("get_weather()", "The arguments lack city"),
        ("tagged(X-Tag:漢)", "The argument X-Tag cannot stand in a header"),
    ],
)
def test_bad_arguments_are_told_to_the_model(owner, asked, words):
    row, _ = native(owner, f"rounds={asked} recite=1")

    assert f"Error: {words}" in row.result["text"]


def test_a_picture_in_a_result_is_for_the_reader(owner):
    _, events = native(owner, "rounds=picture() recite=1")

    [call] = [call for call in calls_of(events) if call["done"]]
    assert (call["files"], call["result"]) == (["data:image/png;base64,AAAA"], '["a red square"]')


def test_a_servers_bytes_are_a_picture_for_the_reader_or_named(owner):
    row, events = native(owner, "rounds=photo()+archive()+tagged(X-Tag:a) recite=1")

    [photo] = [call for call in calls_of(events) if call["done"] and call["name"] == "photo"]
    assert photo["files"] == ["data:image/png;base64,iVBORw=="]
    assert "(application/zip, 4 bytes) a" in row.result["text"]


def test_rounds_are_bounded_and_the_last_has_to_answer(owner, openai_server, monkeypatch):
    monkeypatch.setattr(rounds, "MOST_ROUNDS", 2)

    row, _ = native(owner, "rounds=fails()/fails()/fails()/fails() say=enough")

    asked = asked_of(openai_server)
    assert (row.status, row.result["text"]) == ("completed", "enough")
    assert [one.get("tool_choice") for one in asked] == [None, None, "none"]


def test_an_answer_in_one_piece_calls_too(owner):
    row, _ = native(owner, TWO_ROUNDS, is_stream=False)

    assert row.result["completion"]["choices"][0]["message"]["content"].startswith("RESULTS")
    assert row.result["usage"]["total_tokens"] > 0


def test_usage_is_that_of_all_rounds(owner):
    row, events = native(owner, TWO_ROUNDS, body={"stream_options": {"include_usage": True}})

    [told] = [data for kind, data in events if kind == "usage"]
    single, _ = native(owner, "recite=1", body={"stream_options": {"include_usage": True}})
    assert told == row.result["usage"]
    assert told["prompt_tokens"] > 2 * single.result["usage"]["prompt_tokens"]


def test_the_clients_own_functions_are_its_own_to_call(owner):
    own = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}

    row, events = native(owner, "tool=get_weather args=city:Paris", body={"tools": [own]})

    assert not calls_of(events)
    [call] = row.result["message"]["tool_calls"]
    assert call["function"] == {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    assert row.result["finish_reason"] == "tool_calls"


def test_a_request_without_tools_of_ours_is_passed_on_unchanged(owner):
    own = {"type": "function", "function": {"name": "mine", "parameters": {}}}

    row, events = answer(owner, "tool=mine args=x:1", body={"tools": [own]})

    assert row.result["message"]["tool_calls"][0]["function"]["name"] == "mine"
    assert any("tool_calls" in data for kind, data in events if kind == "delta")


def test_a_server_that_is_no_longer_the_users_is_left_out_and_said_to_be_gone(
    owner, tool_server, openai_server
):
    connect(connection(tool_server.url, config={"access_control": {}}))

    row, events = native(owner, "rounds=fails() say=no+tools")

    assert row.result["text"] == "no tools"
    assert "tools" not in asked_of(openai_server)[0]
    assert "not there any more" in dict(events)["status"]["description"]


def test_a_server_that_is_away_does_not_keep_the_answer_away(owner):
    connect(connection("http://127.0.0.1:9"))

    row, events = native(owner, "say=anyway")

    assert row.result["text"] == "anyway"
    assert "cannot be used" in dict(events)["status"]["description"]


def test_a_job_is_cancelled_in_the_middle_of_a_tool(owner, tool_server):
    job_id = new_job(
        owner,
        payload=payload("rounds=slow() say=never", tool_ids=["server:0"], calls_natively=True),
    )
    working = threading.Thread(target=base.run, args=(job_id,), daemon=True)
    working.start()
    wait_until(lambda: any(r["path"] == "/slow" for r in tool_server.log()), 10, "the call")

    live._jobs[job_id].stop(Cancelled)

    working.join(10)
    assert not working.is_alive(), "the job waits for the tool"
    tool_server.release()


def test_what_a_user_has_signed_in_with_goes_to_servers_that_want_it(owner, tool_server):
    connect(connection(tool_server.url, auth_type="session"))

    row, _ = native(owner, "rounds=who() recite=1", sealed="a-token")

    assert row.result["text"] == "RESULTS Bearer a-token"


def test_a_servers_own_key_goes_to_it_and_nobody_elses(owner, tool_server):
    connect(connection(tool_server.url, key="k-1"))

    row, _ = native(owner, "rounds=who() recite=1", sealed="a-token")

    assert row.result["text"] == "RESULTS Bearer k-1"


def test_a_call_is_not_waited_for_for_ever(owner, tool_server, configure):
    configure(tool_timeout_s=0.5)

    row, _ = native(owner, "rounds=slow() recite=1")

    assert row.result["text"] == "RESULTS Error: 127.0.0.1 did not answer in time."
    tool_server.release()


def test_a_name_that_models_could_not_say_is_written_so_that_they_can(owner, openai_server):
    row, _ = native(owner, "rounds=odd_name() recite=1")

    assert row.result["text"] == "RESULTS odd"
