"""Folders over HTTP: a tree per user, with chats at its nodes."""

import pytest

from shared import db
from shared.models.job import CANCELLED
from shared.services import chats
from tests.services.things import new_chat, row_of, running_answer

FOLDERS = "/api/v1/folders"
SHOWN = {
    "id", "parent_id", "user_id", "name", "items", "meta", "data", "is_expanded", "created_at",
    "updated_at",
}  # fmt: skip


def make(caller, name, parent_id=None):
    answer = caller.post(f"{FOLDERS}/", {"name": name, "parent_id": parent_id})
    assert answer.status_code == 200, answer.text
    return answer.json["id"]


def put(chat_id, folder_id):
    with db.transaction():
        chats.move(chats.find(chat_id), folder_id)


def test_a_folder_is_made_and_listed_with_its_chats(each_database, member):
    folder = make(member, " Work ")
    chat_id = new_chat(member.user).id
    put(chat_id, folder)

    (listed,) = member.get(f"{FOLDERS}/").json

    assert set(listed) == SHOWN
    assert (listed["name"], listed["parent_id"], listed["is_expanded"]) == ("Work", None, False)
    assert listed["items"] == {"chats": [{"id": chat_id, "title": "A chat"}]}
    assert member.get(f"{FOLDERS}/{folder}").json == {**listed, "items": None}


def test_a_name_is_taken_at_its_place_in_any_case(each_database, member, other):
    parent = make(member, "Ärger")

    assert member.post(f"{FOLDERS}/", {"name": "äRGER"}).status_code == 400
    assert make(member, "Ärger", parent)
    assert make(other, "Ärger")


@pytest.mark.parametrize(("name", "status"), [("", 422), (" ", 400), ("x" * 201, 422), (7, 422)])
def test_a_folder_needs_a_name(member, name, status):
    assert member.post(f"{FOLDERS}/", {"name": name}).status_code == status


def test_a_folder_is_renamed_moved_and_opened(each_database, member):
    one, two = make(member, "one"), make(member, "two")

    renamed = member.post(f"{FOLDERS}/{two}/update", {"name": "three"})
    moved = member.post(f"{FOLDERS}/{two}/update/parent", {"parent_id": one})
    opened = member.post(f"{FOLDERS}/{two}/update/expanded", {"is_expanded": True})

    assert [a.status_code for a in (renamed, moved, opened)] == [200, 200, 200]
    folder = member.get(f"{FOLDERS}/{two}").json
    assert (folder["name"], folder["parent_id"], folder["is_expanded"]) == ("three", one, True)


def test_a_folder_does_not_lie_inside_itself(each_database, member):
    top = make(member, "top")
    below = make(member, "below", top)

    for parent in (top, below):
        answer = member.post(f"{FOLDERS}/{top}/update/parent", {"parent_id": parent})
        assert answer.status_code == 400


def doors(folder_id):
    at = f"{FOLDERS}/{folder_id}"
    return [
        ("GET", at, None),
        ("POST", f"{at}/update", {"name": "mine"}),
        ("POST", f"{at}/update/parent", {"parent_id": None}),
        ("POST", f"{at}/update/expanded", {"is_expanded": True}),
        ("DELETE", at, None),
        ("GET", f"/api/v1/chats/folder/{folder_id}", None),
    ]


def test_a_foreign_and_a_missing_folder_are_not_told_apart(each_database, member, other, admin):
    folder = make(other, "theirs")

    for caller in (member, admin):
        for method, path, body in doors(folder):
            foreign = caller.send(method, path, body)
            missing = caller.send(method, path.replace(folder, "nowhere"), body)
            assert (foreign.status_code, missing.status_code) == (404, 404), path
            assert foreign.json == missing.json
    assert other.get(f"{FOLDERS}/{folder}").json["name"] == "theirs"


def test_nothing_is_put_below_the_folder_of_another(member, other):
    foreign, mine = make(other, "theirs"), make(member, "mine")

    made = member.post(f"{FOLDERS}/", {"name": "x", "parent_id": foreign})
    moved = member.post(f"{FOLDERS}/{mine}/update/parent", {"parent_id": foreign})

    assert (made.status_code, moved.status_code) == (404, 404)


def test_a_deleted_folder_takes_all_below_it_along_and_stops_their_answers(each_database, member):
    top = make(member, "top")
    below = make(member, "below", top)
    kept = new_chat(member.user).id
    chat_id, job_id = running_answer(member.user)
    put(chat_id, below)

    answer = member.delete(f"{FOLDERS}/{top}")

    assert (answer.status_code, answer.json) == (200, True)
    assert member.get(f"{FOLDERS}/").json == []
    assert member.get(f"/api/v1/chats/{chat_id}").status_code == 401
    assert member.get(f"/api/v1/chats/{kept}").status_code == 200
    assert row_of(job_id).status == CANCELLED


def test_a_folder_shows_the_chats_below_it_without_pinned_and_archived(each_database, member):
    top = make(member, "top")
    below = make(member, "below", top)
    shown, pinned, archived = (new_chat(member.user).id for _ in range(3))
    for chat_id in (shown, pinned, archived):
        put(chat_id, below)
    with db.transaction():
        chats.toggle_pin(chats.find(pinned))
        chats.toggle_archive(chats.find(archived))

    found = member.get(f"/api/v1/chats/folder/{top}").json

    assert [chat["id"] for chat in found] == [shown]


def test_a_folder_keeps_what_clients_put_with_it(each_database, member):
    form = {"name": "Plans", "meta": {"icon": "x"}, "data": {"files": []}}
    folder = member.post("/api/v1/folders/", form).json

    renamed = member.post(
        f"/api/v1/folders/{folder['id']}/update", {"name": "N", "data": None}
    ).json

    assert (folder["meta"], folder["data"]) == ({"icon": "x"}, {"files": []})
    assert (renamed["name"], renamed["meta"], renamed["data"]) == ("N", {"icon": "x"}, None)


def test_the_chats_of_a_folder_may_outlive_it(each_database, member):
    folder = make(member, "Plans")
    chat = new_chat(member.user).id
    put(chat, folder)

    assert member.delete(f"/api/v1/folders/{folder}?delete_contents=false").json is True

    assert member.get(f"/api/v1/chats/{chat}").json["folder_id"] is None


def test_a_folder_may_keep_its_name(each_database, member):
    folder = make(member, "Plans")

    changed = member.post(f"{FOLDERS}/{folder}/update", {"data": {"a": 1}})
    nothing = member.post(f"{FOLDERS}/{folder}/update", {})

    assert (changed.json["name"], changed.json["data"]) == ("Plans", {"a": 1})
    assert nothing.status_code == 422
