"""Answers that call tools, over real processes: Python, OpenAPI, MCP and the page's own."""

import json
from collections.abc import Iterator

import pytest

from tests.fakes.mcp_server import FakeMCP
from tests.fakes.tool_server import ToolServer
from tests.services.client import Account, api
from tests.services.page_socket import PageSocket
from tests.services.sockets import JobSocket
from tests.services.stack import Stack
from tests.services.waiting import wait_until

STACK = {"env": {"JOB_LEASE_S": "1"}}
SOURCE = '''
class Tools:
    def shout(self, word: str) -> str:
        """
        Say it loudly.
        :param word: What
        """
        return word.upper() + "!"
'''
# Three tools in two rounds: an OpenAPI server and a tool of the workspace side by side, then MCP.
QUESTION = "rounds=get_weather(city:Rome)+shout(word:hi)/add(a:2,b:3) recite=1"
TOOLS = {"tool_ids": ["server:0", "server:1", "loud"], "params": {"function_calling": "native"}}
ANSWER = 'RESULTS {"city":"Rome","sky":"blue","unit":"C"} HI! 5'


@pytest.fixture(scope="module")
def weather() -> Iterator[ToolServer]:
    with ToolServer() as server:
        yield server


@pytest.fixture(scope="module")
def sums() -> Iterator[FakeMCP]:
    with FakeMCP() as server:
        yield server


@pytest.fixture(scope="module")
def carol(alice: Account, weather: ToolServer, sums: FakeMCP) -> Account:
    """An admin who has set tools up."""
    common = {"auth_type": "bearer", "key": "", "config": {"enable": True}}
    servers = [
        {"url": weather.root, "path": "openapi.json", **common},
        {"url": sums.url, "path": "", "type": "mcp", **common},
    ]
    saved = alice.api("POST", "/api/v1/configs/tool_servers", {"TOOL_SERVER_CONNECTIONS": servers})
    assert saved.status_code == 200, saved.text
    tool = {"id": "loud", "name": "Loud", "content": SOURCE, "meta": {}}
    made = alice.api("POST", "/api/v1/tools/create", tool)
    assert made.status_code == 200, made.text
    return alice


def body(account: Account, question: str, **more) -> dict:
    messages = [{"role": "user", "content": question}]
    return {"model": account.model(), "messages": messages, "stream": True, **more}


def test_servers_and_tools_stand_in_one_list(carol: Account):
    listed = {tool["id"]: tool["name"] for tool in carol.get("/api/v1/tools/")}

    assert listed == {"loud": "Loud", "server:0": "Weather", "server:1": "Sums"}


@pytest.mark.parametrize("path", ["/api/chat/completions", "/v1/chat/completions"])
def test_over_sse(carol: Account, path: str):
    answer = carol.api("POST", path, body(carol, QUESTION, **TOOLS))

    lines = [line for line in answer.text.splitlines() if line.startswith("data: ")]
    chunks = [json.loads(line[6:]) for line in lines[:-1]]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert lines[-1] == "data: [DONE]"
    assert "".join(delta.get("content") or "" for delta in deltas) == ANSWER
    assert not any("tool_calls" in delta for delta in deltas)
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_in_one_piece(carol: Account):
    asked = {**body(carol, QUESTION, **TOOLS), "stream": False}

    answer = carol.api("POST", "/v1/chat/completions", asked)

    assert answer.json()["choices"][0]["message"]["content"] == ANSWER


def test_over_the_websocket(carol: Account, open_socket):
    socket: JobSocket = open_socket(carol)
    job = carol.ask(QUESTION, **TOOLS)

    socket.subscribe(job)
    while not socket.is_done(job):
        socket.read()

    events = socket.events[job]
    done = [e["data"] for e in events if e["type"] == "tool_call" and e["data"]["done"]]
    assert {(one["name"], one["result"]) for one in done} == {
        ("get_weather", '{"city":"Rome","sky":"blue","unit":"C"}'),
        ("shout", "HI!"),
        ("add", "5"),
    }
    assert socket.text(job) == ANSWER
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))


def new_chat(account: Account) -> str:
    question = {"id": "q", "parentId": None, "childrenIds": ["a"], "role": "user", "content": "?"}
    answer = {"id": "a", "parentId": "q", "childrenIds": [], "role": "assistant", "content": ""}
    history = {"messages": {"q": question, "a": answer}, "currentId": "a"}
    chat = {"chat": {"title": "T", "models": [], "history": history}}
    return str(account.api("POST", "/api/v1/chats/new", chat).json()["id"])


def test_over_socket_io_and_in_the_stored_message(carol: Account):
    page, chat = PageSocket(carol), new_chat(carol)
    place = {"chat_id": chat, "id": "a", "session_id": page.sid}

    accepted = carol.api("POST", "/api/chat/completions", body(carol, QUESTION, **TOOLS, **place))
    text = page.read_answer()

    assert accepted.json()["status"] is True
    assert text.count('<details type="tool_calls" done="true"') == 3
    assert text.endswith(ANSWER)
    stored = carol.get(f"/api/v1/chats/{chat}")["chat"]["history"]["messages"]["a"]
    assert stored["content"] == text
    page.close()


def test_the_page_calls_its_own_servers(carol: Account):
    asked = []

    def call(kind, data):
        asked.append((kind, data))
        return {"state": "bright"}

    page, chat = PageSocket(carol, acknowledge=call), new_chat(carol)
    spec = {"name": "lights", "description": "Switch", "parameters": {"properties": {"on": {}}}}
    place = {"chat_id": chat, "id": "a", "session_id": page.sid}
    more = {"tool_servers": [{"url": "http://localhost:1", "specs": [spec]}], **place}
    question = "rounds=lights(on:yes) recite=1"

    carol.api(
        "POST", "/api/chat/completions", body(carol, question, params=TOOLS["params"], **more)
    )
    text = page.read_answer()

    assert text.endswith('RESULTS {"state":"bright"}')
    [(kind, data)] = asked
    assert (kind, data["name"], data["params"]) == ("execute:tool", "lights", {"on": "yes"})
    assert (data["server"], data["session_id"]) == ({"url": "http://localhost:1"}, page.sid)
    page.close()


def test_a_worker_killed_in_the_middle_of_a_tool_loses_no_answer(
    stack: Stack, carol: Account, weather: ToolServer
):
    reader = carol.reader(carol.ask("rounds=slow()/add(a:1,b:1) recite=1", **TOOLS))
    wait_until(lambda: any(one["path"] == "/slow" for one in weather.log()), 20, "the call")

    stack.inference[0].restart()
    wait_until(lambda: "restarted" in reader.types, 20, "another attempt")
    weather.release()

    reader.finish(30).assert_unbroken()
    assert (reader.end, reader.text) == ("completed", "RESULTS late 2")


def test_a_cancelled_answer_leaves_its_tool_at_once(carol: Account, weather: ToolServer):
    api("POST", weather.root + "/__reset")
    job = carol.ask("rounds=slow() say=never", **TOOLS)
    wait_until(lambda: any(one["path"] == "/slow" for one in weather.log()), 20, "the call")

    carol.cancel(job)

    assert carol.follow(job, timeout_s=3).end == "cancelled"
    weather.release()
