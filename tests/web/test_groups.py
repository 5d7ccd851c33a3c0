"""Groups: made, filled, changed, deleted; what they add counts at the next request."""

import pytest

from shared import db
from shared.models.knowledge import Knowledge
from tests.services.things import new_group

PATH = "/api/v1/groups"
PERMISSIONS = "/api/v1/users/permissions"


def create(caller, name="Physics", **more):
    return caller.post(f"{PATH}/create", {"name": name, "description": "", **more})


def update(caller, group_id, **more):
    body = {"name": "Physics", "description": "d", **more}
    return caller.post(f"{PATH}/id/{group_id}/update", body)


def test_a_group_is_made_filled_and_shown(each_database, admin, member):
    made = create(admin, permissions={"workspace": {"models": True}}).json

    update(admin, made["id"], user_ids=[member.id, "nobody"])

    shown = admin.get(f"{PATH}/id/{made['id']}").json
    assert (shown["user_ids"], shown["member_count"]) == ([member.id], 1)
    assert (shown["name"], shown["description"], shown["user_id"]) == ("Physics", "d", admin.id)
    assert shown["permissions"] == {"workspace": {**shown["permissions"]["workspace"]}}
    assert set(shown) >= {"data", "meta", "created_at", "updated_at"}


def test_members_see_their_own_groups_and_admins_all(each_database, admin, member, other):
    first, second = new_group([member.id]), new_group([other.id])

    assert {group["id"] for group in admin.get(f"{PATH}/").json} == {first, second}
    assert [group["id"] for group in member.get(f"{PATH}/").json] == [first]
    assert [group["id"] for group in other.get("/api/v1/users/groups").json] == [second]


def test_what_a_group_allows_counts_from_the_next_request_on(each_database, admin, member):
    group_id = create(admin, permissions={"workspace": {"knowledge": True}}).json["id"]
    before = member.get(PERMISSIONS).json["workspace"]["knowledge"]

    admin.post(f"{PATH}/id/{group_id}/users/add", {"user_ids": [member.id]})

    assert (before, member.get(PERMISSIONS).json["workspace"]["knowledge"]) == (False, True)
    made = member.post("/api/v1/knowledge/create", {"name": "k", "description": ""})
    assert made.status_code == 200
    admin.post(f"{PATH}/id/{group_id}/users/remove", {"user_ids": [member.id]})
    refused = member.post("/api/v1/knowledge/create", {"name": "k2", "description": ""})
    assert refused.status_code == 401


def test_what_is_shared_with_a_group_is_shared_with_its_members(admin, member):
    group_id = new_group([member.id])
    control = {"read": {"group_ids": [group_id], "user_ids": []}}
    form = {"name": "k", "description": "", "access_control": control}
    knowledge_id = admin.post("/api/v1/knowledge/create", form).json["id"]

    before = member.get(f"/api/v1/knowledge/{knowledge_id}").status_code
    admin.delete(f"{PATH}/id/{group_id}/delete")
    after = member.get(f"/api/v1/knowledge/{knowledge_id}").status_code

    assert (before, after) == (200, 401)
    with db.reading() as session:
        assert session.get(Knowledge, knowledge_id) is not None


def test_an_update_without_members_keeps_them(admin, member):
    group_id = new_group([member.id])

    update(admin, group_id, name="Chemistry")

    shown = admin.get(f"{PATH}/id/{group_id}").json
    assert (shown["name"], shown["user_ids"]) == ("Chemistry", [member.id])


def test_the_members_are_listed_for_admins(admin, member):
    group_id = new_group([member.id])

    answer = admin.post(f"{PATH}/id/{group_id}/users")

    assert [(one["id"], one["email"]) for one in answer.json] == [(member.id, member.user.email)]


def test_a_name_is_taken_once(admin):
    create(admin)

    again, blank = create(admin, " Physics "), create(admin, "  ")

    assert (again.status_code, blank.status_code) == (400, 400)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "create"),
        ("GET", "id/x"),
        ("POST", "id/x/update"),
        ("DELETE", "id/x/delete"),
        ("POST", "id/x/users"),
        ("POST", "id/x/users/add"),
    ],
)
def test_only_admins_change_groups(member, method, path):
    body = {"name": "n", "description": "", "user_ids": []}

    assert member.send(method, f"{PATH}/{path}", body).status_code == 401


def test_an_unknown_group_is_answered_as_the_contract_says(admin):
    assert admin.get(f"{PATH}/id/nothing").status_code == 401
    assert update(admin, "nothing").status_code == 400
    assert admin.delete(f"{PATH}/id/nothing/delete").status_code == 400


def test_those_in_a_group_know_it_and_not_who_else_is_in_it(admin, member, other):
    group = new_group([member.id], workspace={"models": True})

    told = member.get(f"{PATH}/id/{group}/info").json

    assert (told["id"], told["member_count"]) == (group, 1)
    assert not {"user_ids", "permissions"} & set(told)
    assert other.get(f"{PATH}/id/{group}/info").status_code == 401
    assert member.get(f"{PATH}/id/{group}/export").status_code == 401
    assert admin.get(f"{PATH}/id/{group}/export").json["user_ids"] == [member.id]
