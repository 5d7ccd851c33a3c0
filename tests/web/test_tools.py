"""Tools, over HTTP: their source is read, and never run."""

import pytest

from shared import db
from shared.config.options import get_options
from shared.models.tool import Tool
from shared.models.user import User
from shared.services import valves

URL = "/api/v1/tools"
SOURCE = '''
"""
title: Weather
version: 0.2
"""
from typing import Literal
from pydantic import BaseModel, Field

class Tools:
    class Valves(BaseModel):
        api_key: str = Field("", description="Key of the service")
        retries: int = Field(3, ge=0)
        units: Literal["C", "F"] = "C"

    class UserValves(BaseModel):
        token: str = ""
        home: str = "Rome"

    def get_weather(self, city: str) -> str:
        """
        Tell the weather.
        :param city: Where
        """
        return city
'''


def form(tool_id="weather", **values):
    return {
        "id": tool_id,
        "name": "Weather",
        "content": SOURCE,
        "meta": {"description": "of cities"},
        **values,
    }


def make(caller, tool_id="weather", **values):
    answer = caller.post(f"{URL}/create", form(tool_id, **values))
    assert answer.status_code == 200, answer.text
    return answer.json


def permit(**groups):
    get_options().set({"USER_PERMISSIONS": groups})


def row(model, row_id):
    with db.reading() as session:
        return session.get(model, row_id, populate_existing=True)


pytestmark = pytest.mark.usefixtures("world")


def test_a_name_over_1000_characters_is_refused(admin):
    assert admin.post(f"{URL}/create", form(name="x" * 1001)).status_code == 422


def test_a_tool_is_made_shown_changed_and_deleted(each_database, admin):
    made = make(admin)

    changed = admin.post(f"{URL}/id/weather/update", form(name="Climate"))
    shown = admin.get(f"{URL}/id/weather").json
    deleted = admin.delete(f"{URL}/id/weather/delete")

    assert made["specs"][0]["name"] == "get_weather"
    assert made["specs"][0]["parameters"]["properties"]["city"]["description"] == "Where"
    assert made["meta"] == {
        "description": "of cities",
        "manifest": {"title": "Weather", "version": "0.2"},
    }
    assert changed.json["name"] == shown["name"] == "Climate"
    assert shown["content"] == SOURCE
    assert deleted.json is True
    assert admin.get(f"{URL}/id/weather").status_code == 401


def test_lists_show_no_source_and_no_valves(admin):
    make(admin)

    (tool,) = admin.get(f"{URL}/").json

    assert not {"content", "specs", "valves"} & set(tool)
    assert tool["user"]["id"] == admin.id


def test_the_export_has_the_source_and_is_for_admins(admin, member):
    make(admin)

    assert admin.get(f"{URL}/export").json[0]["content"] == SOURCE
    assert member.get(f"{URL}/export").status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"id": "two words"},
        {"id": "9lives"},
        {"id": "größe"},
        {"content": "def f(:"},
        {"content": "class Pipe: ..."},
        {"content": ""},
    ],
)
def test_what_is_no_tool_is_refused_in_words(admin, change):
    answer = admin.post(f"{URL}/create", form(**change))

    assert answer.status_code == 400
    assert isinstance(answer.json["detail"], str)


def test_a_bad_source_leaves_the_tool_as_it_was(admin):
    make(admin)

    assert admin.post(f"{URL}/id/weather/update", form(content="(")).status_code == 400
    assert admin.get(f"{URL}/id/weather").json["content"] == SOURCE


def test_ids_are_kept_in_small_letters_and_taken_once(admin):
    assert make(admin, "Weather")["id"] == "weather"
    assert admin.post(f"{URL}/create", form("WEATHER")).status_code == 400


def test_users_need_the_permission(member):
    assert member.post(f"{URL}/create", form()).status_code == 401
    permit(workspace={"tools": True})
    assert make(member)["access_control"] == {}


def test_a_private_tool_is_its_owners(member, other, admin):
    permit(workspace={"tools": True})
    make(member)

    assert [t["id"] for t in member.get(f"{URL}/list").json] == ["weather"]
    assert len(admin.get(f"{URL}/").json) == 1
    assert other.get(f"{URL}/").json == []
    for answer in (
        other.get(f"{URL}/id/weather"),
        other.post(f"{URL}/id/weather/update", form()),
        other.delete(f"{URL}/id/weather/delete"),
        other.get(f"{URL}/id/weather/valves/spec"),
        other.get(f"{URL}/id/weather/valves/user"),
        other.post(f"{URL}/id/weather/valves/user/update", {}),
    ):
        assert answer.status_code == 401


def test_valves_are_described_set_and_read(each_database, admin):
    make(admin)

    spec = admin.get(f"{URL}/id/weather/valves/spec").json
    before = admin.get(f"{URL}/id/weather/valves").json
    body = {"retries": "5", "units": None, "unknown": 1}
    answer = admin.post(f"{URL}/id/weather/valves/update", body)

    assert spec["properties"]["retries"]["default"] == 3
    assert before is None
    assert answer.json == {"retries": 5}
    assert admin.get(f"{URL}/id/weather/valves").json == {"retries": 5}


def test_a_secret_valve_is_sealed_masked_and_kept_by_its_mask(admin):
    make(admin)
    secret = "sk-weather-0123456789"
    admin.post(f"{URL}/id/weather/valves/update", {"api_key": secret})

    shown = admin.get(f"{URL}/id/weather/valves").json["api_key"]
    admin.post(f"{URL}/id/weather/valves/update", {"api_key": shown, "retries": 1})

    stored = row(Tool, "weather").valves
    assert secret not in shown
    assert secret not in str(stored)
    assert valves.clear(stored) == {"api_key": secret, "retries": 1}


@pytest.mark.parametrize("body", [{"retries": "many"}, {"retries": -1}, {"units": "K"}])
def test_a_value_that_does_not_fit_is_refused_by_name(admin, body):
    make(admin)

    answer = admin.post(f"{URL}/id/weather/valves/update", body)

    assert answer.status_code == 400
    assert next(iter(body)) in answer.json["detail"]


def test_only_who_may_change_a_tool_reads_its_valves(admin, member):
    make(admin, access_control=None)
    admin.post(f"{URL}/id/weather/valves/update", {"api_key": "secret-secret"})

    assert member.get(f"{URL}/id/weather").status_code == 200
    assert member.get(f"{URL}/id/weather/valves").status_code == 401
    assert member.post(f"{URL}/id/weather/valves/update", {}).status_code == 401


def test_each_user_has_own_values_beside_the_other_settings(admin, member, other):
    make(admin, access_control=None)
    member.post("/api/v1/users/user/settings/update", {"ui": {"theme": "dark"}})

    spec = member.get(f"{URL}/id/weather/valves/user/spec").json
    body = {"home": "Oslo", "token": "0123456789abcdef"}
    saved = member.post(f"{URL}/id/weather/valves/user/update", body).json

    assert list(spec["properties"]) == ["token", "home"]
    assert saved["home"] == "Oslo"
    assert member.get(f"{URL}/id/weather/valves/user").json == saved
    assert other.get(f"{URL}/id/weather/valves/user").json is None
    settings = row(User, member.id).settings
    assert settings["ui"] == {"theme": "dark"}
    assert "0123456789abcdef" not in str(settings)


def test_a_tool_without_valves_has_none_to_set(admin):
    make(admin, content="class Tools:\n    def f(self): ...\n")

    assert admin.get(f"{URL}/id/weather/valves/spec").json is None
    assert admin.post(f"{URL}/id/weather/valves/update", {"a": 1}).status_code == 400


def test_an_odd_name_of_a_valve_is_a_name_like_others(admin):
    fields = "        model_config: str = ''\n        json: int = 1\n        copy: bool = True\n"
    make(admin, content=f"class Tools:\n    class Valves(BaseModel):\n{fields}")

    answer = admin.post(f"{URL}/id/weather/valves/update", {"json": 2, "model_config": "x"})

    assert answer.json == {"model_config": "x", "json": 2}


@pytest.mark.parametrize("url", ["file:///etc/passwd", "nothing", "http://"])
def test_only_web_addresses_are_fetched(admin, url):
    assert admin.post(f"{URL}/load/url", {"url": url}).status_code == 400


def test_fetching_is_for_admins(member):
    body = {"url": "https://example.com/tool.py"}

    assert member.post(f"{URL}/load/url", body).status_code == 401


def test_whom_a_tool_lets_in_is_changed_by_itself(admin, member):
    make(admin, access_control={})
    grant = {"principal_type": "user", "principal_id": "*", "permission": "read"}

    shared = admin.post(f"{URL}/id/weather/access/update", {"access_grants": [grant]})

    assert shared.json["access_control"] is None
    assert member.get(f"{URL}/id/weather").status_code == 200
    refused = member.post(f"{URL}/id/weather/access/update", {"access_grants": []})
    assert refused.status_code == 401


@pytest.mark.parametrize("odd", [5, {"valves": [1]}, {"valves": {"weather": "x"}}])
def test_odd_settings_of_a_user_count_as_none(admin, odd):
    make(admin)
    admin.post("/api/v1/users/user/settings/update", {"ui": {}, "tools": odd})

    before = admin.get(f"{URL}/id/weather/valves/user")
    after = admin.post(f"{URL}/id/weather/valves/user/update", {"home": "Oslo"})

    assert (before.json, after.json) == (None, {"home": "Oslo"})
