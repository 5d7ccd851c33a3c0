"""What is found out about tools and functions by loading them, after they were saved."""

import pytest

from tests.services.waiting import wait_until
from web import trying

SOURCE = """
from pydantic import BaseModel, Field

CITIES = ["Bonn", "Oslo"]

def default():
    return CITIES[1]

class Tools:
    class Valves(BaseModel):
        city: str = default()

    def __init__(self):
        self.valves = self.Valves()

for name in CITIES:
    setattr(Tools, "weather_of_" + name.lower(), lambda self, days: name)
"""
URL = "/api/v1/tools"

pytestmark = pytest.mark.usefixtures("world", "worker", "plugins_end")


def sent(caller, content=SOURCE, path="create"):
    form = {"id": "weather", "name": "Weather", "content": content, "meta": {}}
    return caller.post(f"{URL}/{path}", {**form, "access_control": None})


def save(caller, content=SOURCE, path="create"):
    answer = sent(caller, content, path)
    assert answer.status_code == 200, answer.text
    return answer.json


def described(caller, condition):
    return wait_until(
        lambda: condition(caller.get(f"{URL}/id/weather").json), 10, "what was found out"
    )


def test_functions_and_valves_that_only_running_knows_are_found(admin):
    specs = save(admin)["specs"]

    assert [spec["name"] for spec in specs] == ["weather_of_bonn", "weather_of_oslo"]
    valves = admin.get(f"{URL}/id/weather/valves/spec").json
    assert valves["properties"]["city"]["default"] == "Oslo"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("import nowhere", "No module named 'nowhere'"),
        ("raise ValueError('no key: é漢')", "no key: é漢"),
        ("import sys; sys.exit(3)", "3"),
        ("import os; os._exit(3)", "ended by itself"),
        ("int('x')", "invalid literal"),
    ],
)
def test_a_source_that_cannot_be_loaded_is_refused_in_words_and_not_stored(admin, head, words):
    answer = sent(admin, f"{head}\n{SOURCE}")

    assert answer.status_code == 400
    assert words in answer.json["detail"]
    assert admin.get(f"{URL}/id/weather").status_code == 401


def test_a_change_that_cannot_be_loaded_changes_nothing(admin):
    save(admin)

    answer = sent(admin, "import nowhere\n" + SOURCE, "id/weather/update")

    assert answer.status_code == 400
    shown = admin.get(f"{URL}/id/weather").json
    assert (shown["content"], shown["problem"]) == (SOURCE, None)
    assert len(shown["specs"]) == 2


def test_a_function_that_cannot_be_loaded_is_refused_too(admin):
    pipe = "import nowhere\nclass Pipe:\n    def pipe(self, body): ..."
    form = {"id": "echo", "name": "Echo", "content": pipe, "meta": {}}

    answer = admin.post("/api/v1/functions/create", form)

    assert answer.status_code == 400
    assert "nowhere" in answer.json["detail"]
    assert admin.get("/api/v1/functions/").json == []


def test_nothing_is_loaded_for_who_may_not_write_tools(member, worker):
    assert sent(member).status_code == 401

    assert worker.done == []


def test_a_source_that_takes_too_long_is_stored_and_loaded_afterwards(admin, monkeypatch):
    monkeypatch.setattr(trying, "_PATIENCE_S", 0)

    save(admin, "import nowhere\n" + SOURCE)

    assert "No module named 'nowhere'" in described(admin, lambda tool: tool["problem"])

    save(admin, path="id/weather/update")
    assert described(admin, lambda tool: tool["specs"] and not tool["problem"])


def test_nothing_is_loaded_where_plugins_are_switched_off(admin, configure):
    configure(plugins_sandbox="disabled")

    save(admin)

    assert admin.get(f"{URL}/id/weather").json["problem"] is None
    assert "default" not in admin.get(f"{URL}/id/weather/valves/spec").json["properties"]["city"]
