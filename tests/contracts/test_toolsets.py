"""Whatever offers functions to a model keeps one contract; see `workers/tools/base.py`."""

import threading
from collections.abc import Iterator

import pytest

from shared import db, leases
from shared.kinds.inference import RunChat
from shared.models.tool import Tool
from shared.services import sources, tool_servers
from shared.services.sources.specs import tool_specs
from tests.fakes.mcp_server import FakeMCP
from tests.services.open_page import SILENT
from tests.services.things import QUESTION, new_job, new_user
from tests.services.tool_servers import connection
from tests.services.waiting import wait_until
from workers.live import Cancelled, Running, Stopped
from workers.plugins import Silence
from workers.plugins.pool import pool
from workers.tools import mcp_process
from workers.tools.base import Occasion, ToolFailed
from workers.tools.browser import BrowserToolset
from workers.tools.mcp import MCPToolset
from workers.tools.openapi import OpenAPIToolset
from workers.tools.workspace import WorkspaceToolset

pytestmark = pytest.mark.usefixtures("world")

SOURCE = '''
import time

class Tools:
    def echo(self, word: str) -> str:
        """Say it again."""
        return word

    def fails(self) -> str:
        """Always fail."""
        raise ValueError("the sensor is broken")

    def slow(self) -> str:
        """Answer never."""
        time.sleep(600)
'''
WORD = {"properties": {"word": {"type": "string"}}, "required": ["word"], "type": "object"}
PAGE = {
    "url": "http://localhost:1",
    "specs": [
        {"name": "echo", "description": "Say it again.", "parameters": WORD},
        {"name": "fails", "description": "Always fail.", "parameters": {}},
        {"name": "slow", "description": "Answer never.", "parameters": {}},
    ],
}


@pytest.fixture(scope="module")
def mcp() -> Iterator[FakeMCP]:
    with FakeMCP() as server:
        yield server
    mcp_process.end()


@pytest.fixture
def owner():
    return new_user()


@pytest.fixture
def occasion(owner) -> Occasion:
    job = Running(leases.claim(new_job(owner)))
    request = RunChat(body=dict(QUESTION), model="alpha", session_id="socket-1")
    return Occasion(job, owner, request, Silence())


def of_openapi(request):
    server = request.getfixturevalue("tool_server")
    return OpenAPIToolset(tool_servers.of_connection(0, connection(server.root)))


def of_mcp(request):
    row = connection(request.getfixturevalue("mcp").url, type="mcp", path="")
    return MCPToolset(tool_servers.of_connection(0, row), "")


def of_page(request):
    def say(_page, _kind, data):
        answers = {"echo": data["params"].get("word"), "fails": {"error": "the sensor is broken"}}
        return answers.get(data["name"], SILENT)

    request.getfixturevalue("open_page")(request.getfixturevalue("owner").id, say)
    return BrowserToolset(PAGE)


def of_workspace(request):
    owner = request.getfixturevalue("owner")
    with db.transaction() as session:
        specs = tool_specs(sources.parse(SOURCE))
        more = {"name": "T", "content": SOURCE, "specs": specs, "meta": {}}
        row = Tool(id="t", user_id=owner.id, created_at=1, updated_at=1, **more)
        session.add(row)
        session.flush()
        made = WorkspaceToolset(row, owner)
    request.addfinalizer(pool.end_all)
    return made


@pytest.fixture(params=[of_openapi, of_mcp, of_page, of_workspace], ids=lambda make: make.__name__)
def toolset(request):
    made = request.param(request)
    yield made
    made.close()


def test_it_describes_its_functions(toolset, occasion):
    specs = {spec["name"]: spec for spec in toolset.specs(occasion)}

    assert {"echo", "fails", "slow"} <= set(specs)
    assert specs["echo"]["description"] == "Say it again."
    assert set(specs["echo"]["parameters"]["properties"]) == {"word"}
    assert specs["echo"]["parameters"]["required"] == ["word"]


def test_it_gives_what_a_function_gives(toolset, occasion):
    toolset.specs(occasion)

    assert toolset.call("echo", {"word": "é漢🙂"}, occasion) == "é漢🙂"


def test_calls_run_side_by_side(toolset, occasion):
    toolset.specs(occasion)
    given = {}

    def call(word):
        given[word] = toolset.call("echo", {"word": word}, occasion)

    threads = [threading.Thread(target=call, args=(word,)) for word in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert given == {"a": "a", "b": "b", "c": "c"}


def test_what_goes_wrong_is_told_in_words(toolset, occasion):
    toolset.specs(occasion)

    with pytest.raises(ToolFailed, match="the sensor is broken"):
        toolset.call("fails", {}, occasion)


def test_a_call_ends_with_its_job(toolset, occasion):
    toolset.specs(occasion)
    ends = []

    def call():
        try:
            toolset.call("slow", {}, occasion)
        except Stopped as error:
            ends.append(type(error))

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    wait_until(lambda: occasion.job._aborts, 10, "the call to wait")

    occasion.job.stop(Cancelled)

    thread.join(10)
    assert ends == [Cancelled]


def test_nothing_begins_for_a_job_that_is_stopped(toolset, occasion):
    toolset.specs(occasion)
    occasion.job.stop(Cancelled)

    with pytest.raises(Stopped):
        toolset.call("echo", {"word": "x"}, occasion)
