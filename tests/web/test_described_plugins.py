"""What is found out about tools and functions by loading them, after they were saved."""

import pytest

from tests.services.waiting import wait_until

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


def save(caller, content=SOURCE, path="create"):
    form = {"id": "weather", "name": "Weather", "content": content, "meta": {}}
    answer = caller.post(f"{URL}/{path}", {**form, "access_control": None})
    assert answer.status_code == 200, answer.text


def described(caller, condition):
    return wait_until(
        lambda: condition(caller.get(f"{URL}/id/weather").json), 10, "what was found out"
    )


def test_functions_and_valves_that_only_running_knows_are_found(admin):
    save(admin)

    specs = described(admin, lambda tool: tool["specs"])

    assert [spec["name"] for spec in specs] == ["weather_of_bonn", "weather_of_oslo"]
    valves = admin.get(f"{URL}/id/weather/valves/spec").json
    assert valves["properties"]["city"]["default"] == "Oslo"


def test_a_source_that_cannot_be_loaded_is_kept_and_says_why(admin):
    save(admin, "import nowhere\n" + SOURCE)

    assert "No module named 'nowhere'" in described(admin, lambda tool: tool["problem"])

    save(admin, path="id/weather/update")
    assert described(admin, lambda tool: tool["specs"] and not tool["problem"])


def test_nothing_is_loaded_where_plugins_are_switched_off(admin, configure):
    configure(plugins_sandbox="disabled")

    save(admin)

    assert admin.get(f"{URL}/id/weather").json["problem"] is None
    assert "default" not in admin.get(f"{URL}/id/weather/valves/spec").json["properties"]["city"]
