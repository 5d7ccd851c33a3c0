"""Functions, over HTTP: their source is read, and never run."""

import pytest

from tests.fakes.web_server import FakeWeb

URL = "/api/v1/functions"
FILTER = '''
"""
title: Polite
"""
from pydantic import BaseModel

class Filter:
    class Valves(BaseModel):
        priority: int = 0

    class UserValves(BaseModel):
        tone: str = "kind"

    def inlet(self, body: dict) -> dict:
        return body
'''

pytestmark = pytest.mark.usefixtures("world")


def form(function_id="polite", **values):
    return {"id": function_id, "name": "Polite", "content": FILTER, "meta": {}, **values}


def make(caller, function_id="polite", **values):
    answer = caller.post(f"{URL}/create", form(function_id, **values))
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_function_is_made_shown_changed_and_deleted(each_database, admin):
    made = make(admin)

    pipe = "class Pipe:\n    def pipe(self, body): ...\n"
    changed = admin.post(f"{URL}/id/polite/update", form(content=pipe))
    deleted = admin.delete(f"{URL}/id/polite/delete")

    assert (made["type"], made["is_active"], made["is_global"]) == ("filter", False, False)
    assert made["meta"]["manifest"] == {"title": "Polite"}
    assert changed.json["type"] == "pipe"
    assert deleted.json is True
    assert admin.get(f"{URL}/id/polite").status_code == 401


def test_a_name_over_1000_characters_is_refused(admin):
    assert admin.post(f"{URL}/create", form(name="x" * 1001)).status_code == 422


def test_switches_go_on_and_off(admin):
    make(admin)

    states = [admin.post(f"{URL}/id/polite/toggle").json["is_active"] for _ in range(2)]
    scopes = [admin.post(f"{URL}/id/polite/toggle/global").json["is_global"] for _ in range(2)]

    assert (states, scopes) == ([True, False], [True, False])


def test_users_see_the_list_without_source_and_change_nothing(admin, member):
    make(admin)

    (shown,) = member.get(f"{URL}/").json

    assert (shown["id"], shown["type"]) == ("polite", "filter")
    assert not {"content", "valves"} & set(shown)
    for answer in (
        member.post(f"{URL}/create", form("mine")),
        member.get(f"{URL}/id/polite"),
        member.get(f"{URL}/export"),
        member.get(f"{URL}/list"),
        member.post(f"{URL}/id/polite/update", form()),
        member.post(f"{URL}/id/polite/toggle"),
        member.post(f"{URL}/id/polite/toggle/global"),
        member.get(f"{URL}/id/polite/valves"),
        member.post(f"{URL}/id/polite/valves/update", {}),
        member.delete(f"{URL}/id/polite/delete"),
        member.post(f"{URL}/load/url", {"url": "https://example.com"}),
    ):
        assert answer.status_code == 401


def test_the_export_has_the_source(admin):
    make(admin)

    assert admin.get(f"{URL}/export").json[0]["content"] == FILTER
    assert admin.get(f"{URL}/list").json[0]["user"]["id"] == admin.id


@pytest.mark.parametrize(
    "change", [{"id": "a-b"}, {"content": "class Tools: ..."}, {"content": "import ("}]
)
def test_what_is_no_function_is_refused_in_words(admin, change):
    answer = admin.post(f"{URL}/create", form(**change))

    assert answer.status_code == 400
    assert isinstance(answer.json["detail"], str)


def test_an_id_is_taken_once(admin):
    make(admin)

    assert admin.post(f"{URL}/create", form("Polite")).status_code == 400


def test_valves_are_the_admins_and_the_users(admin, member):
    make(admin)

    admins = admin.post(f"{URL}/id/polite/valves/update", {"priority": 3})
    users = member.post(f"{URL}/id/polite/valves/user/update", {"tone": "dry"})

    assert admins.json == admin.get(f"{URL}/id/polite/valves").json == {"priority": 3}
    assert users.json == member.get(f"{URL}/id/polite/valves/user").json == {"tone": "dry"}
    assert admin.get(f"{URL}/id/polite/valves/spec").json["properties"]["priority"]["default"] == 0
    spec = member.get(f"{URL}/id/polite/valves/user/spec").json
    assert spec["properties"]["tone"]["type"] == "string"
    assert admin.get(f"{URL}/id/polite/valves/user").json is None


def test_what_is_missing_is_401_where_it_is_looked_for(admin):
    for answer in (
        admin.get(f"{URL}/id/none"),
        admin.post(f"{URL}/id/none/toggle"),
        admin.get(f"{URL}/id/none/valves/spec"),
        admin.get(f"{URL}/id/none/valves/user"),
    ):
        assert answer.status_code == 401


def test_what_is_missing_is_no_error_to_delete_and_a_400_to_change(admin):
    form = {"id": "none", "name": "F", "content": FILTER, "meta": {}}

    assert admin.delete(f"{URL}/id/none/delete").json is False
    assert admin.post(f"{URL}/id/none/update", form).status_code == 400


def test_a_source_is_fetched_by_a_worker(admin, worker, configure):
    configure(outbound_allowed_networks="127.0.0.1")
    with FakeWeb() as web:
        url = web.put("/polite/main.py", FILTER, "text/plain")

        answer = admin.post(f"{URL}/load/url", {"url": url})

    assert answer.json == {"name": "polite", "content": FILTER}


def test_a_source_inside_our_network_is_not_fetched(admin, worker):
    with FakeWeb() as web:
        answer = admin.post(f"{URL}/load/url", {"url": web.put("/x.py", FILTER)})

    assert answer.status_code == 400
    assert "may not be opened" in answer.json["detail"]
