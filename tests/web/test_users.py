"""Users: settings of the page, permissions, roles."""

import base64

import pytest

from shared import db
from shared.models.user import User
from tests.services.things import new_group

SETTINGS = "/api/v1/users/user/settings"
WHO = "/api/v1/auths/"


def save(caller, body):
    return caller.post(f"{SETTINGS}/update", body)


def test_settings_are_null_before_the_first_save(each_database, member):
    answer = member.get(SETTINGS)

    assert (answer.status_code, answer.json) == (200, None)


def test_settings_come_back_as_they_were_saved(each_database, member):
    settings = {"ui": {"models": ["alpha"], "é漢": {"deep": [1, None]}}, "tools": {"valves": {}}}

    answer = save(member, settings)

    assert (answer.status_code, answer.json) == (200, settings)
    assert member.get(SETTINGS).json == settings


def test_the_pages_part_is_replaced_and_other_parts_are_kept(each_database, member):
    save(member, {"ui": {"a": 1, "b": 2}, "tools": {"x": 1}})

    save(member, {"ui": {"c": 3}})

    assert member.get(SETTINGS).json == {"ui": {"c": 3}, "tools": {"x": 1}}


def test_a_body_without_the_pages_part_empties_it(member):
    save(member, {"ui": {"a": 1}, "tools": {"x": 1}})

    save(member, {"functions": {"y": 2}})

    expected = {"ui": {}, "tools": {"x": 1}, "functions": {"y": 2}}
    assert member.get(SETTINGS).json == expected


def test_settings_are_each_users_own(member, other):
    save(member, {"ui": {"a": 1}})

    assert other.get(SETTINGS).json is None


@pytest.mark.parametrize("body", [{"ui": "text"}, {"ui": []}, b"[]", b"{"])
def test_what_are_no_settings_is_refused(member, body):
    assert save(member, body).status_code == 422


def test_permissions_are_those_of_the_contract(member):
    permissions = member.get("/api/v1/users/permissions").json

    assert set(permissions) == {"workspace", "sharing", "chat", "features"}
    assert permissions["workspace"]["models"] is False
    assert permissions["chat"]["delete"] is True
    assert permissions["chat"]["temporary_enforced"] is False
    assert all(isinstance(on, bool) for part in permissions.values() for on in part.values())


# Roles


def give_role(caller, user_id, role):
    return caller.post("/api/v1/users/update/role", {"id": user_id, "role": role})


def test_an_admin_lets_a_waiting_account_in(each_database, admin, new_caller):
    waiting = new_caller("pending")
    before = waiting.get("/api/v1/chats/").status_code

    answer = give_role(admin, waiting.id, "user")

    assert (answer.status_code, answer.json["role"]) == (200, "user")
    assert {"id", "name", "email", "last_active_at", "created_at"} <= set(answer.json)
    assert "password" not in answer.text
    assert (before, waiting.get("/api/v1/chats/").status_code) == (401, 200)


def test_a_lost_role_counts_from_the_next_request_on(each_database, admin, member):
    assert member.get("/api/v1/chats/").status_code == 200

    give_role(admin, member.id, "pending")

    assert member.get("/api/v1/chats/").status_code == 401
    assert member.get(WHO).json["role"] == "pending"


def test_nobody_changes_the_own_role(admin, new_caller):
    second = new_caller("admin")

    assert give_role(second, second.id, "user").status_code == 403
    assert second.get(WHO).json["role"] == "admin"


def test_the_first_admin_keeps_the_role(admin, new_caller):
    answer = give_role(new_caller("admin"), admin.id, "user")

    assert (answer.status_code, list(answer.json)) == (403, ["detail"])


def test_a_second_admin_may_lose_the_role(admin, new_caller):
    second = new_caller("admin")

    assert give_role(admin, second.id, "user").status_code == 200
    assert second.get("/openai/config").status_code == 401


def test_there_are_three_roles(admin, member):
    assert give_role(admin, member.id, "emperor").status_code == 400
    assert member.get(WHO).json["role"] == "user"


def test_nobody_has_no_role(admin):
    assert give_role(admin, "nobody", "user").status_code == 404


def test_only_admins_give_roles(member, other):
    assert give_role(member, other.id, "admin").status_code == 401


def test_what_newer_clients_ask_about_a_user(admin, member, other):
    group = new_group([member.id])
    path = f"/api/v1/users/{member.id}"

    active, picture = other.get(f"{path}/active"), other.get(f"{path}/profile/image")

    assert active.json == {"active": False}
    assert (picture.status_code, picture.content_type) == (200, "image/png")
    assert [one["id"] for one in admin.get(f"{path}/groups").json] == [group]
    assert other.get(f"{path}/groups").status_code == 401
    assert {
        admin.get(f"/api/v1/users/nobody/{what}").status_code
        for what in ("active", "groups", "profile/image")
    } == {400}


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (f"data:image/gif;base64,{base64.b64encode(b'GIF89a').decode()}", "image/gif"),
        ("https://tracker.example.com/pixel.png", "image/png"),
        ("/../../etc/passwd", "image/png"),
    ],
)
def test_a_users_picture_is_never_fetched_from_elsewhere(member, address, kind):
    with db.transaction() as session:
        session.get(User, member.id).profile_image_url = address

    picture = member.get(f"/api/v1/users/{member.id}/profile/image")

    assert (picture.status_code, picture.content_type) == (200, kind)
