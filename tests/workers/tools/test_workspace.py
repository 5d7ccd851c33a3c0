"""Tools of the workspace: Python that users wrote, called for an answer."""

import pytest

from shared import db
from shared.models.tool import Tool
from shared.services import sources, valves
from shared.services.sources.specs import tool_specs
from tests.services.things import new_user, offer, stored_message
from tests.workers.inference.answering import answer, in_chat, run
from workers.plugins.pool import pool

pytestmark = pytest.mark.usefixtures("world")

SOURCE = '''
from pydantic import BaseModel

class Tools:
    class Valves(BaseModel):
        unit: str = "C"

    class UserValves(BaseModel):
        home: str = "Rome"

    def __init__(self):
        self.valves = self.Valves()

    async def weather(self, city: str, __user__: dict = {}, __event_emitter__=None) -> str:
        """
        Tell the weather.
        :param city: Where
        """
        told = {"description": "Looking", "done": True}
        await __event_emitter__({"type": "status", "data": told})
        return f"{city} {self.valves.unit} {__user__['name']} {__user__['valves'].home}"

    def about(self, __metadata__: dict, __messages__: list, __id__: str, __model__: dict) -> dict:
        """Tell what it knows."""
        known = [__metadata__["chat_id"], len(__messages__), __id__, __model__["id"]]
        return {"known": known}

    def broken(self) -> str:
        """Fail."""
        raise ValueError("no luck")

    async def asks(self, __event_call__=None) -> str:
        """Ask the reader."""
        return await __event_call__({"type": "input", "data": {"title": "Which?"}})
'''
CITED = SOURCE.replace("self.valves = ", "self.citation = True\n        self.valves = ")
READS = SOURCE.replace("self.valves = ", "self.file_handler = True\n        self.valves = ")


@pytest.fixture(autouse=True)
def _ends_processes():
    yield
    pool.end_all()


@pytest.fixture
def owner(openai_server):
    offer("fake-alpha", url=openai_server.url)
    return new_user()


def store(owner, tool_id="weather", content=SOURCE, access_control=None):
    """Store a tool."""
    with db.transaction() as session:
        row = Tool(
            id=tool_id,
            user_id=owner.id,
            name="Weather",
            content=content,
            specs=tool_specs(sources.parse(content)),
            meta={},
            access_control=access_control,
            created_at=1,
            updated_at=1,
        )
        session.add(row)


def native(owner, question, **more):
    return answer(owner, question, tool_ids=["weather"], calls_natively=True, **more)


def test_its_functions_are_called_with_valves_and_user(owner):
    store(owner)
    with db.transaction() as session:
        row = session.get(Tool, "weather")
        valves.set_values(row, {"unit": "F"})
        valves.set_of_user(owner.id, row, {"home": "Bonn"})

    row, events = native(owner, "rounds=weather(city:Paris) recite=1")

    assert row.result["text"] == f"RESULTS Paris F {owner.name} Bonn"
    told = [data for kind, data in events if kind == "event"]
    assert told == [{"type": "status", "data": {"description": "Looking", "done": True}}]


def test_what_it_tells_is_kept_in_the_message(owner):
    store(owner)
    chat, job_id = in_chat(
        owner, "rounds=weather(city:Paris) recite=1", tool_ids=["weather"], calls_natively=True
    )

    run(job_id)

    kept = stored_message(chat, "a")
    assert kept.data["statusHistory"] == [{"description": "Looking", "done": True}]
    assert "Tool Executed" in kept.content


def test_it_learns_what_the_answer_is_about(owner):
    store(owner)

    row, _ = native(owner, "rounds=about() recite=1", page_chat_id="local:1")

    assert row.result["text"] == 'RESULTS {"known":["local:1",1,"weather","fake-alpha"]}'


def test_what_is_too_deep_to_be_stored_is_told_to_the_model(owner):
    source = """
class Tools:
    def deep(self):
        made = {}
        for _ in range(300):
            made = {"in": made}
        return made
"""
    store(owner, content=source)

    row, _ = native(owner, "rounds=deep() recite=1")

    assert "told something that is deeper than 100 levels" in row.result["text"]


def test_what_it_raises_is_told_to_the_model(owner):
    store(owner)

    row, _ = native(owner, "rounds=broken() recite=1")

    assert row.result["text"].startswith("RESULTS Error: ")
    assert "no luck" in row.result["text"]


def test_it_asks_the_page(owner, open_page):
    store(owner)
    page = open_page(owner.id, lambda _page, _kind, _data: "this one")

    row, _ = native(owner, "rounds=asks() recite=1", session_id=page.sid, page_chat_id="c")

    assert row.result["text"] == "RESULTS this one"


def test_what_is_cited_becomes_a_source(owner):
    store(owner, content=CITED)

    _, events = native(owner, "rounds=weather(city:Paris) say=ok")

    [source] = dict(events)["source"]["sources"]
    assert source["source"] == {"name": "TOOL:weather/weather"}
    assert source["document"] == [f"Paris C {owner.name} Rome"]


@pytest.mark.parametrize("calls_natively", [True, False])
def test_a_tool_that_reads_files_itself_keeps_them_from_being_searched(
    owner, openai_server, calls_natively
):
    store(owner, content=READS)
    files = [{"type": "text", "name": "n", "docs": [{"content": "secret text", "metadata": {}}]}]
    question = "choose=weather(city:Paris) say=ok"

    _, events = answer(
        owner, question, tool_ids=["weather"], calls_natively=calls_natively, files=files
    )

    assert "source" not in dict(events)
    assert "secret text" not in str(openai_server.log()[-1]["json"])


def test_a_tool_that_is_not_the_users_is_never_started(owner):
    store(new_user(), access_control={})

    row, events = native(owner, "rounds=weather(city:Paris) say=no")

    assert row.result["text"] == "no"
    assert "not there any more" in dict(events)["status"]["description"]


def test_of_two_functions_of_one_name_the_first_tool_counts(owner):
    store(owner)
    store(owner, "other", SOURCE.replace("{city}", "other {city}"))

    row, _ = answer(
        owner,
        "rounds=weather(city:Paris) recite=1",
        tool_ids=["other", "weather"],
        calls_natively=True,
    )

    assert row.result["text"].startswith("RESULTS other Paris")
