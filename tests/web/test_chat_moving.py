"""Bringing chats in and giving them out, one's own and everybody's."""

import pytest

from tests.services.things import body_of, message, new_chat

CHATS = "/api/v1/chats"


def test_an_exported_chat_can_be_brought_back(each_database, member, other):
    chat = member.get(f"{CHATS}/{new_chat(member.user, message('q')).id}").json
    member.post(f"{CHATS}/{chat['id']}/tags", {"name": "Big Ideas"})
    (exported,) = member.get(f"{CHATS}/all").json

    form = {"chat": exported["chat"], "meta": exported["meta"], "pinned": True}
    chat = other.post(f"{CHATS}/import", form).json

    assert (chat["user_id"], chat["pinned"], chat["meta"]) == (
        other.id,
        True,
        {"tags": ["big_ideas"]},
    )
    assert chat["chat"]["history"] == exported["chat"]["history"]
    tags = [(tag["id"], tag["name"]) for tag in other.get(f"{CHATS}/all/tags").json]
    assert tags == [("big_ideas", "Big Ideas")]


def test_several_chats_are_brought_in_at_once(each_database, member):
    past = {"created_at": 1000, "updated_at": 2000}
    forms = [{"chat": body_of(message("q"), title=f"T{n}"), **past} for n in range(25)]

    made = member.post(f"{CHATS}/import", {"chats": forms}).json

    assert [chat["title"] for chat in made] == [f"T{n}" for n in range(25)]
    assert {(chat["created_at"], chat["updated_at"]) for chat in made} == {(1000, 2000)}


def test_a_title_that_is_too_long_is_cut(member):
    (made,) = member.post(f"{CHATS}/import", {"chats": [{"chat": {"title": "x" * 10_001}}]}).json

    assert made["title"] == "x" * 10_000


@pytest.mark.parametrize(
    "form", [{}, {"chat": 7}, {"chats": 7}, {"chats": [{}]}, {"chat": {}, "meta": 7}]
)
def test_what_is_no_export_is_refused(member, form):
    assert member.post(f"{CHATS}/import", form).status_code == 422


@pytest.mark.parametrize("meta", [{"tags": 7}, {"tags": [7, None]}, {"tags": "x"}, {"x": 1}, None])
def test_odd_tags_of_an_export_are_left_out(each_database, member, meta):
    answer = member.post(f"{CHATS}/import", {"chat": {}, "meta": meta})

    assert (answer.status_code, answer.json["meta"]["tags"]) == (200, [])


def test_a_chat_is_brought_into_no_folder_of_somebody_else(member, other):
    folder = other.post("/api/v1/folders/", {"name": "Theirs"}).json["id"]

    assert member.post(f"{CHATS}/import", {"chat": {}, "folder_id": folder}).status_code == 404


def test_an_export_has_all_of_ones_chats_with_their_messages(each_database, member, other):
    made = [new_chat(member.user, message(f"q{n}")).id for n in range(45)]
    member.post(f"{CHATS}/{made[0]}/archive")
    new_chat(other.user)

    exported = member.get(f"{CHATS}/all").json

    assert {chat["id"] for chat in exported} == set(made)
    assert {m for chat in exported for m in chat["chat"]["history"]["messages"]} == {
        f"q{n}" for n in range(45)
    }
    assert [chat["id"] for chat in member.get(f"{CHATS}/all/archived").json] == [made[0]]


def test_an_admin_exports_the_chats_of_all(each_database, admin, member, configure):
    made = {new_chat(caller.user).id for caller in (admin, member)}

    assert {chat["id"] for chat in admin.get(f"{CHATS}/all/db").json} == made
    assert member.get(f"{CHATS}/all/db").status_code == 401
    configure(enable_admin_export="false")
    assert admin.get(f"{CHATS}/all/db").status_code == 401


def test_an_admin_lists_the_chats_of_a_user(each_database, admin, member, configure):
    made = [new_chat(member.user).id for _ in range(3)]
    member.post(f"{CHATS}/{made[0]}/archive")
    at = f"{CHATS}/list/user/{member.id}"

    assert {chat["id"] for chat in admin.get(at).json} == set(made)
    assert len(admin.get(f"{at}?skip=1&limit=1").json) == 1
    assert member.get(at).status_code == 401
    configure(enable_admin_chat_access="false")
    assert admin.get(at).status_code == 401
