"""Servers that speak MCP, by a real one made with the SDK."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared import leases
from tests.fakes.mcp_server import FakeMCP
from tests.fakes.old_mcp_server import FakeOldMCP
from tests.fakes.web_server import FakeWeb
from tests.services.things import new_job, new_user, offer
from tests.services.tool_servers import connect, connection
from tests.services.waiting import wait_until
from tests.workers.inference.answering import answer, payload
from workers import base
from workers.live import Cancelled, Running, live
from workers.tools import mcp_process
from workers.tools.base import ToolFailed
from workers.tools.mcp_process import MCPSession

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(scope="module")
def mcp():
    with FakeMCP() as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def _process():
    yield
    mcp_process.end()


@pytest.fixture
def owner(openai_server, mcp):
    offer("fake-alpha", url=openai_server.url)
    link(mcp)
    return new_user()


def link(mcp, **more):
    connect(connection(mcp.url, type="mcp", path="", **more))


def native(owner, question, **more):
    return answer(owner, question, tool_ids=["server:0"], calls_natively=True, **more)


def test_its_functions_are_offered_and_called(owner, openai_server):
    row, _ = native(owner, "rounds=add(a:2,b:3) recite=1")

    assert row.result["text"] == "RESULTS 5"
    offered = {
        tool["function"]["name"]: tool["function"]
        for tool in openai_server.log()[0]["json"]["tools"]
    }
    assert offered["add"]["description"] == "Add two numbers."
    assert set(offered["add"]["parameters"]["properties"]) == {"a", "b"}


def test_the_calls_of_one_answer_share_a_session(owner):
    row, _ = native(owner, "rounds=add(a:1,b:1)+add(a:2,b:2)/add(a:3,b:3) recite=1")

    assert row.result["text"] == "RESULTS 2 4 6"


def test_what_goes_wrong_is_told_to_the_model(owner):
    row, _ = native(owner, "rounds=divide(a:1,b:0)+add(a:x,b:1) recite=1")

    assert row.status == "completed"
    assert row.result["text"].count("Error: ") == 2


def test_a_picture_is_for_the_reader(owner):
    _, events = native(owner, "rounds=paint() say=look")

    [call] = [data for kind, data in events if kind == "tool_call" and data["done"]]
    assert call["files"][0].startswith("data:image/png;base64,iVBOR")


def test_the_servers_key_goes_to_it(owner, mcp):
    link(mcp, key="k-1")

    row, _ = native(owner, "rounds=who() recite=1")

    assert row.result["text"] == "RESULTS Bearer k-1"


def test_what_the_user_has_signed_in_with_goes_to_servers_that_want_it(owner, mcp):
    link(mcp, auth_type="session")

    row, _ = native(owner, "rounds=who() recite=1", sealed="a-token")

    assert row.result["text"] == "RESULTS Bearer a-token"


def test_a_server_that_is_away_does_not_keep_the_answer_away(owner):
    connect(connection("http://127.0.0.1:9/mcp", type="mcp", path=""))

    row, events = native(owner, "say=anyway")

    assert row.result["text"] == "anyway"
    assert "server:0" in dict(events)["status"]["description"]


def test_a_job_is_cancelled_in_the_middle_of_a_call(owner):
    asked = payload("rounds=slow() say=never", tool_ids=["server:0"], calls_natively=True)
    job_id = new_job(owner, payload=asked)
    working = threading.Thread(target=base.run, args=(job_id,), daemon=True)
    working.start()
    wait_until(
        lambda: (
            any(one._waiting for one in [mcp_process._beside._child] if one)
            and job_id in live._jobs
            and live._jobs[job_id]._aborts
        ),
        10,
        "the call",
    )

    live._jobs[job_id].stop(Cancelled)

    working.join(10)
    assert not working.is_alive(), "the job waits for the tool"


def test_a_process_that_dies_is_started_anew(owner):
    native(owner, "rounds=add(a:1,b:1) recite=1")
    mcp_process.end()

    row, _ = native(owner, "rounds=add(a:2,b:3) recite=1")

    assert row.result["text"] == "RESULTS 5"


def test_a_call_is_not_waited_for_for_ever(owner, configure):
    configure(tool_timeout_s=0.5)

    row, _ = native(owner, "rounds=slow()/add(a:1,b:1) recite=1")

    assert row.result["text"] == "RESULTS Error: It did not answer in time. 2"


def test_a_server_that_comes_back_is_called_again_by_the_same_answer(owner):
    with FakeMCP() as mortal:
        session, job = MCPSession(mortal.url, ""), Running(leases.claim(new_job(owner)))
        session.call(job, "add", {"a": 1, "b": 1})
        mortal.stop()
        for _ in range(2):
            with pytest.raises(ToolFailed):
                session.call(job, "add", {"a": 1, "b": 1})
        mortal.start()

        assert session.call(job, "add", {"a": 2, "b": 3})["structured"] == {"result": 5}
        session.close()


def test_a_server_that_was_away_at_first_is_tried_again(owner):
    with FakeMCP() as mortal:
        session, job = MCPSession(mortal.url, ""), Running(leases.claim(new_job(owner)))
        mortal.stop()
        for _ in range(2):
            with pytest.raises(ToolFailed, match=r"[Cc]onnection"):
                session.call(job, "add", {"a": 1, "b": 1})
        mortal.start()

        assert session.call(job, "add", {"a": 2, "b": 3})["structured"] == {"result": 5}
        session.close()


def test_calls_that_come_at_the_same_time_open_one_session(owner, mcp):
    session, job = MCPSession(mcp.url, ""), Running(leases.claim(new_job(owner)))
    asked = []
    session.open = lambda job: asked.append(job) or MCPSession.open(session, job)

    with ThreadPoolExecutor(4) as pool:
        sums = [pool.submit(session.call, job, "add", {"a": n, "b": 1}) for n in range(4)]
        found = [one.result()["structured"]["result"] for one in sums]
    session.close()

    assert (found, len(asked)) == ([1, 2, 3, 4], 1)


def test_a_server_of_the_older_protocol_that_forgets_its_session_gets_a_new_one(owner):
    with FakeOldMCP() as old:
        session, job = MCPSession(old.url, ""), Running(leases.claim(new_job(owner)))
        first = session.call(job, "where", {})["pieces"][0]["text"]
        old.knows = False
        second = session.call(job, "where", {})["pieces"][0]["text"]
        session.close()

    assert (first, second) == ("1", "2")


# Servers that do not do what they should


@pytest.fixture
def odd():
    with FakeWeb() as web:
        yield web


def opened(url):
    """What is said of a server that cannot be used."""
    session = MCPSession(url, "")
    with pytest.raises(ToolFailed) as failed:
        session.open(Running(leases.claim(new_job(new_user()))))
    session.close()
    return failed.value.message


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not take what was sent: check the key (401)"),
        (403, "does not let us in (403)"),
        (404, "nothing at this address"),
        (405, "no MCP by streamable HTTP"),
        (500, "It fails (500)"),
    ],
)
def test_a_refusal_is_told_in_words(odd, status, words):
    assert words in opened(odd.put("/mcp", '{"error": "x"}', "application/json", status))


@pytest.mark.parametrize(
    ("body", "kind"),
    [("", "application/json"), ("[1]", "application/json"), ("data: x\n\n", "text/event-stream")],
)
def test_what_is_no_mcp_is_told_in_words(odd, body, kind):
    words = opened(odd.put("/mcp", body, kind))

    assert words.startswith("It does not speak MCP")
    assert "\n" not in words


def test_an_answer_without_end_is_not_read_to_it(odd):
    kind = "application/json"
    odd.put("/mcp", b'{"jsonrpc": "2.0", "id": 1, "result": "' + b"x" * 17_000_000, kind)

    assert opened(odd.url + "/mcp") == "It gave too much."


def test_a_redirect_leads_nowhere_else(odd):
    with FakeWeb() as other:
        words = opened(f"{odd.url}/to?{other.url}/mcp")

        assert "not followed" in words
        assert other.asked == []


def test_a_key_that_is_not_taken_is_told_to_the_reader(owner, odd):
    url = odd.put("/mcp", "", "text/plain", 401)
    connect(connection(url, type="mcp", path="", key="wrong"))

    row, events = native(owner, "say=anyway")

    assert row.result["text"] == "anyway"
    assert "check the key (401)" in dict(events)["status"]["description"]
