"""Prompts, over HTTP."""

import pytest

from shared.config.options import get_options

URL = "/api/v1/prompts"


def form(command="/greet", **values):
    return {"command": command, "title": "Greeting", "content": "Hello {{USER_NAME}}!", **values}


def make(caller, command="/greet", **values):
    answer = caller.post(f"{URL}/create", form(command, **values))
    assert answer.status_code == 200, answer.text
    return answer.json


def commands(answer):
    assert answer.status_code == 200, answer.text
    return [row["command"] for row in answer.json]


@pytest.fixture(autouse=True)
def _permitted(world):
    get_options().set({"USER_PERMISSIONS": {"workspace": {"prompts": True}}})


def test_a_prompt_is_made_shown_changed_and_deleted(each_database, member):
    get_options().set({"USER_PERMISSIONS": {"workspace": {"prompts": True}}})
    made = make(member)

    changed = member.post(f"{URL}/command/greet/update", form(title="Hi", content="Hi!"))
    shown = member.get(f"{URL}/command/greet")
    deleted = member.delete(f"{URL}/command/greet/delete")

    assert (made["command"], made["user_id"], made["title"]) == ("/greet", member.id, "Greeting")
    assert made["timestamp"] > 0
    assert changed.json["content"] == shown.json["content"] == "Hi!"
    assert deleted.json is True
    assert member.get(f"{URL}/command/greet").status_code == 401


def test_newer_clients_name_it_otherwise(member):
    body = {"command": "greet", "name": "Greeting", "content": "Hello!"}

    made = member.post(f"{URL}/create", body).json

    assert (made["id"], made["name"], made["command"]) == ("greet", "Greeting", "/greet")
    assert member.post(f"{URL}/id/greet/update", {**body, "name": "Hi"}).json["title"] == "Hi"
    assert member.delete(f"{URL}/id/greet/delete").json is True


def test_a_command_is_taken_once(member, admin):
    make(member)

    assert admin.post(f"{URL}/create", form()).status_code == 400


def test_users_need_the_permission_and_admins_do_not(member, admin):
    get_options().set({"USER_PERMISSIONS": {}})

    assert member.post(f"{URL}/create", form()).status_code == 401
    assert admin.post(f"{URL}/create", form()).status_code == 200


def test_a_private_prompt_is_its_owners(member, other, admin):
    make(member, access_control={})

    assert commands(member.get(f"{URL}/")) == commands(admin.get(f"{URL}/")) == ["/greet"]
    assert commands(other.get(f"{URL}/")) == []
    assert other.get(f"{URL}/command/greet").status_code == 401
    assert other.post(f"{URL}/command/greet/update", form()).status_code == 401
    assert other.delete(f"{URL}/command/greet/delete").status_code == 401


def test_a_public_prompt_is_read_by_all_and_changed_by_its_owner(admin, member):
    make(admin, access_control=None)

    assert commands(member.get(f"{URL}/")) == ["/greet"]
    assert commands(member.get(f"{URL}/list")) == []
    assert member.delete(f"{URL}/command/greet/delete").status_code == 401


def test_what_an_owner_made_public_stays_so_when_an_editor_saves_it(admin, member):
    lists = {"user_ids": [member.id], "group_ids": []}
    make(admin, access_control={"write": lists})
    member.post(f"{URL}/command/greet/update", form(access_control=None))
    private = admin.get(f"{URL}/command/greet").json["access_control"]
    admin.post(f"{URL}/command/greet/update", form(access_control=None))

    assert private == {}
    assert admin.get(f"{URL}/command/greet").json["access_control"] is None


def test_those_that_may_be_changed_are_listed_with_their_owner(admin, member):
    make(member)

    (row,) = admin.get(f"{URL}/list").json

    assert (row["user"]["id"], row["user"]["name"]) == (member.id, member.user.name)


@pytest.mark.parametrize("command", ["", "/", "/two words", "a/b", "/x\x00y", "/" + "x" * 255])
def test_what_is_no_command_is_refused(member, command):
    assert member.post(f"{URL}/create", form(command)).status_code == 422


@pytest.mark.parametrize("called", ["title", "name"])
def test_a_title_over_1000_characters_is_refused(member, called):
    body = {"command": "/greet", "content": "Hello", called: "x" * 1001}

    assert member.post(f"{URL}/create", body).status_code == 422


def test_a_nul_in_the_text_is_kept_out_of_the_database(each_database, admin):
    assert make(admin, content="a\x00b")["content"] in ("a\ufffdb", "a\x00b")
    assert admin.get(f"{URL}/command/greet").json["content"] == "a\ufffdb"


def test_the_prompts_of_a_deleted_account_go_with_it(member, admin):
    from shared import db
    from shared.models.user import User

    make(member)

    with db.transaction() as session:
        session.delete(session.get(User, member.id))

    assert commands(admin.get(f"{URL}/")) == []


def test_whom_a_prompt_lets_in_is_changed_by_itself(admin, member):
    make(admin, access_control=None)

    private = admin.post(f"{URL}/id/greet/access/update", {"access_grants": []})

    assert private.json["access_control"] == {}
    assert member.get(f"{URL}/command/greet").status_code == 401


def test_newer_clients_list_them_page_by_page(member):
    for number in range(31):
        make(member, f"/number-{number}", title=f"Größe {number}")

    first = member.get(f"{URL}/list?page=1").json
    second = member.get(f"{URL}/list?page=2").json
    found = member.get(f"{URL}/list?page=1&query=größe 30").json

    assert (len(first["items"]), len(second["items"]), first["total"]) == (30, 1, 31)
    assert [row["command"] for row in found["items"]] == ["/number-30"]
    assert member.get(f"{URL}/list?page=0").status_code == 422
