"""What admins do with accounts: list, search, change, end sign-ins."""

import pytest

from shared.redis import get_redis, key
from shared.services import presence
from tests.services.caller import new_token
from tests.services.things import message, new_chat, new_group

PATH = "/api/v1/users"
WHO = "/api/v1/auths/"


def change(caller, user_id, **more):
    body = {"name": "Ada", "email": "ada@example.com", "profile_image_url": "/user.png", **more}
    return caller.post(f"{PATH}/{user_id}/update", body)


def test_accounts_are_listed_newest_first_and_in_portions(each_database, admin, member, other):
    everybody = admin.get(f"{PATH}/").json
    portion = admin.get(f"{PATH}/?skip=1&limit=1").json

    assert {one["id"] for one in everybody} == {admin.id, member.id, other.id}
    assert [one["id"] for one in portion] == [everybody[1]["id"]]
    assert everybody[0]["api_key"] is None
    assert "password" not in everybody[0]


def test_clients_of_today_get_pages_sorted_and_searched(each_database, admin, member):
    group_id = new_group([member.id])
    change(admin, member.id, name="100%_Ada")

    found = admin.get(f"{PATH}/?page=1&query=00%25_A&order_by=name&direction=asc").json
    everybody = admin.get(f"{PATH}/?order_by=email&direction=asc").json
    beyond = admin.get(f"{PATH}/?page=2").json

    assert (found["total"], found["users"][0]["id"]) == (1, member.id)
    assert found["users"][0]["group_ids"] == [group_id]
    assert [one["email"] for one in everybody["users"]] == sorted(
        ["ada@example.com", admin.user.email]
    )
    assert beyond == {"users": [], "total": 2}


@pytest.mark.parametrize("query", ["order_by=password", "page=0", "limit=0", "direction=up"])
def test_a_list_in_no_known_order_is_refused(admin, query):
    assert admin.get(f"{PATH}/?{query}").status_code == 422


def test_all_and_search_are_other_names_of_the_list(admin, member):
    everybody = admin.get(f"{PATH}/all").json
    found = admin.get(f"{PATH}/search?query={member.user.email.upper()}").json

    assert everybody["total"] == 2
    assert [one["id"] for one in found["users"]] == [member.id]


def test_an_admin_changes_an_account_and_a_new_password_ends_its_sign_ins(
    each_database, admin, member, stranger
):
    answer = change(admin, member.id, password="Another-pw-1!")

    assert (answer.status_code, answer.json["email"]) == (200, "ada@example.com")
    assert member.get(WHO).status_code == 401
    signed_in = stranger.post(
        f"{WHO}signin", {"email": "ada@example.com", "password": "Another-pw-1!"}
    )
    assert signed_in.status_code == 200


def test_an_address_is_taken_once(each_database, admin, member, other):
    answer = change(admin, member.id, email=other.user.email.upper())

    assert answer.status_code == 400
    assert member.get(WHO).json["email"] == member.user.email


def test_a_role_in_the_form_is_given_and_protected(admin, member):
    assert change(admin, member.id, role="admin").json["role"] == "admin"
    assert change(admin, admin.id, email="x@example.com", role="user").status_code == 403
    assert change(admin, member.id, role="emperor").status_code == 400


def test_nobody_unknown_is_changed_or_shown(admin, member):
    assert change(admin, "nobody").status_code == 400
    assert admin.delete(f"{PATH}/nobody").status_code == 400
    assert member.get(f"{PATH}/nobody").status_code == 400


def test_others_see_a_name_a_picture_and_whether_one_is_here(member, other):
    presence.arrive("process", [other.id])

    shown = member.get(f"{PATH}/{other.id}").json

    assert shown["name"] == other.user.name
    assert (shown["active"], shown["is_active"]) == (True, True)
    assert "email" not in shown
    get_redis().delete(key("present"))
    assert member.get(f"{PATH}/{other.id}").json["active"] is False


def test_the_author_of_a_shared_chat_is_found_and_of_no_other(member, other):
    shared, kept = new_chat(other.user, message("q")), new_chat(other.user, message("q"))
    other.post(f"/api/v1/chats/{shared.id}/share")

    assert member.get(f"{PATH}/shared-{shared.id}").json["name"] == other.user.name
    assert member.get(f"{PATH}/shared-{kept.id}").status_code == 400


def test_what_clients_note_about_their_user_is_laid_over(each_database, member):
    first = member.get(f"{PATH}/user/info").json
    member.post(f"{PATH}/user/info/update", {"location": "here", "a": 1})
    member.post(f"{PATH}/user/info/update", {"a": None})

    assert first is None
    assert member.get(f"{PATH}/user/info").json == {"location": "here", "a": None}


# Deleting


def test_a_deleted_account_is_gone_at_once_with_what_was_its_own(each_database, admin, member):
    chat = new_chat(member.user, message("q"))
    member.post("/api/v1/memories/add", {"content": "mine"})
    key = member.post("/api/v1/auths/api_key").json["api_key"]

    answer = admin.delete(f"{PATH}/{member.id}")

    assert (answer.status_code, answer.json) == (200, True)
    assert member.get(WHO).status_code == 401
    assert member.with_token(key).get(WHO).status_code == 401
    assert [one["id"] for one in admin.get(f"{PATH}/").json] == [admin.id]
    assert admin.get(f"{PATH}/shared-{chat.id}").status_code == 400


def test_neither_ones_own_account_nor_the_first_admins_is_deleted(admin, new_caller):
    second = new_caller("admin")

    assert admin.delete(f"{PATH}/{admin.id}").status_code == 403
    assert second.delete(f"{PATH}/{admin.id}").status_code == 403
    assert admin.delete(f"{PATH}/{second.id}").status_code == 200


def test_an_address_is_free_again_after_its_account(admin, member):
    admin.delete(f"{PATH}/{member.id}")
    form = {"name": "N", "email": member.user.email, "password": "Secret-pw-1!"}

    assert admin.post("/api/v1/auths/add", form).status_code == 200


def test_what_admins_do_and_who_signs_in_is_logged_without_secrets(admin, member, stranger, caplog):
    caplog.set_level("INFO", "web.audit")

    change(admin, member.id, password="Another-pw-1!", role="admin")
    for password in ("Another-pw-1!", "wrong-password"):
        stranger.post(f"{WHO}signin", {"email": "ada@example.com", "password": password})
    admin.delete(f"{PATH}/{member.id}")

    lines = [record.getMessage() for record in caplog.records if record.name == "web.audit"]
    by_admin = f"user {admin.id} from 127.0.0.1"
    assert lines == [
        f"{by_admin} changed user {member.id} and the password",
        f"user {member.id} from 127.0.0.1 signed in by password",
        "nobody from 127.0.0.1 signed in by password: refused",
        f"{by_admin} deleted user {member.id}",
    ]


# Sign-ins


def test_a_user_ends_the_other_sign_ins(each_database, app, member):
    second = member.with_token(new_token(app, member.user))
    listed = member.get(f"{WHO}sessions").json

    member.delete(f"{WHO}sessions")

    assert [one["is_current"] for one in listed] == [False, True]
    assert (second.get(WHO).status_code, member.get(WHO).status_code) == (401, 200)


def test_a_user_ends_one_sign_in_and_nobody_elses(app, member, other):
    second = member.with_token(new_token(app, member.user))
    session_id = second.get(f"{WHO}sessions").json[0]["id"]

    assert other.delete(f"{WHO}sessions/{session_id}").status_code == 404
    assert member.delete(f"{WHO}sessions/{session_id}").json is True
    assert second.get(WHO).status_code == 401


def test_an_admin_lists_and_ends_the_sign_ins_of_others(each_database, app, admin, member):
    second = member.with_token(new_token(app, member.user))
    first_id = admin.get(f"{PATH}/{member.id}/sessions").json[1]["id"]

    admin.delete(f"{PATH}/{member.id}/sessions/{first_id}")
    one_left = (member.get(WHO).status_code, second.get(WHO).status_code)
    admin.delete(f"{PATH}/{member.id}/sessions")

    assert one_left == (401, 200)
    assert second.get(WHO).status_code == 401
    assert admin.delete(f"{PATH}/{member.id}/sessions/{first_id}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/all"),
        ("GET", "/search"),
        ("POST", "/x/update"),
        ("DELETE", "/x"),
        ("GET", "/x/sessions"),
        ("DELETE", "/x/sessions"),
        ("DELETE", "/x/sessions/y"),
    ],
)
def test_only_admins_do_this(member, method, path):
    body = {"name": "n", "email": "e@example.com", "profile_image_url": ""}

    assert member.send(method, PATH + path, body).status_code == 401
