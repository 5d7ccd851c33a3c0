"""Chats over HTTP: whose they are, what comes back, what is refused."""

import pytest

from shared import db, relay
from shared.models.job import CANCELLED, RUNNING
from shared.services import folders
from tests.services.inside import sent
from tests.services.things import (
    body_of,
    change_job,
    message,
    new_chat,
    row_of,
    running_answer,
    stored_message,
)

CHATS = "/api/v1/chats"
SHOWN = {
    "id", "user_id", "title", "chat", "updated_at", "created_at", "share_id", "archived", "pinned",
    "meta", "folder_id",
}  # fmt: skip


def create(caller, *sent, **more):
    answer = caller.post(f"{CHATS}/new", {"chat": body_of(*sent, **more)})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_new_chat_comes_back_as_it_is_stored(each_database, member):
    chat = create(member, message("q"), message("a", "q", "assistant"), params={"x": 1})

    assert set(chat) == SHOWN
    assert (chat["user_id"], chat["title"]) == (member.id, "A chat")
    assert (chat["archived"], chat["pinned"], chat["folder_id"]) == (False, False, None)
    assert (chat["chat"]["id"], chat["chat"]["params"]) == (chat["id"], {"x": 1})
    assert set(chat["chat"]["history"]["messages"]) == {"q", "a"}
    assert member.get(f"{CHATS}/{chat['id']}").json == chat


def test_a_client_lays_its_copy_over_the_stored_chat(each_database, member):
    chat = create(member, message("q"))

    body = {"chat": body_of(message("q"), message("a", "q", "assistant"), title="Renamed")}
    answer = member.post(f"{CHATS}/{chat['id']}", body)

    assert (answer.status_code, answer.json["title"]) == (200, "Renamed")
    assert member.get(f"{CHATS}/{chat['id']}").json == answer.json


def test_a_deleted_chat_is_gone(each_database, member):
    chat = create(member, message("q"))

    answer = member.delete(f"{CHATS}/{chat['id']}")

    assert (answer.status_code, answer.json) == (200, True)
    assert member.get(f"{CHATS}/{chat['id']}").status_code == 401
    assert member.get(f"{CHATS}/").json == []


@pytest.mark.parametrize("path", ["", "/", "/list", "/?page=1"])
def test_the_list_shows_titles(member, path):
    chat = create(member)

    answer = member.get(CHATS + path)

    assert answer.json == [
        {name: chat[name] for name in ("id", "title", "updated_at", "created_at")}
    ]


@pytest.mark.parametrize("page", ["0", "-1", "x", "1e3", "9" * 30])
def test_a_page_has_a_number(member, page):
    assert member.get(f"{CHATS}/?page={page}").status_code == 422


def test_a_page_beyond_the_last_is_empty(each_database, member):
    create(member)

    assert member.get(f"{CHATS}/?page=999999").json == []


# Whose


def doors(chat_id):
    """Every door to one chat."""
    at = f"{CHATS}/{chat_id}"
    return [
        ("GET", at, None),
        ("POST", at, {"chat": {"title": "Mine"}}),
        ("DELETE", at, None),
        ("GET", f"{at}/pinned", None),
        ("POST", f"{at}/pin", None),
        ("POST", f"{at}/archive", None),
        ("POST", f"{at}/folder", {"folder_id": None}),
        ("GET", f"{at}/tags", None),
        ("POST", f"{at}/tags", {"name": "mine"}),
        ("DELETE", f"{at}/tags", {"name": "mine"}),
        ("DELETE", f"{at}/tags/all", None),
    ]


def test_a_foreign_and_a_missing_chat_are_not_told_apart(each_database, member, other):
    chat_id = create(other, message("q"))["id"]

    for method, path, body in doors(chat_id):
        foreign = member.send(method, path, body)
        missing = member.send(method, path.replace(chat_id, "nowhere"), body)
        assert (foreign.status_code, missing.status_code) == (401, 401), path
        assert foreign.json == missing.json, path

    assert other.get(f"{CHATS}/{chat_id}").json["title"] == "A chat"


@pytest.mark.parametrize("odd", ["x" * 300, "a%00b", "%F0%9F%99%82", "%27%20OR%201=1", "%FF"])
def test_an_odd_id_is_no_chat(each_database, member, odd):
    for method, path, body in doors(odd):
        assert member.send(method, path, body).status_code in (400, 401), path


def test_every_door_opens_to_the_owner(member):
    chat_id = create(member)["id"]

    statuses = {
        path: member.send(method, path, body).status_code
        for method, path, body in sorted(doors(chat_id), key=lambda door: door[0] == "DELETE")
    }

    # The chat goes before its tags: those two doors find nothing any more.
    assert {path for path, status in statuses.items() if status != 200} <= {
        f"{CHATS}/{chat_id}/tags",
        f"{CHATS}/{chat_id}/tags/all",
    }


def test_an_admin_may_read_and_change_the_chats_of_others(admin, other):
    chat_id = create(other, message("q"))["id"]

    assert admin.get(f"{CHATS}/{chat_id}").json["user_id"] == other.id
    assert admin.post(f"{CHATS}/{chat_id}", {"chat": {"title": "X"}}).status_code == 200
    assert admin.get(f"{CHATS}/").json == []


def test_an_admin_without_that_right_may_only_delete_the_chats_of_others(configure, admin, other):
    configure(enable_admin_chat_access="false")
    chat_id = create(other)["id"]

    assert admin.get(f"{CHATS}/{chat_id}").status_code == 401
    assert admin.post(f"{CHATS}/{chat_id}", {"chat": {"title": "X"}}).status_code == 401
    assert admin.delete(f"{CHATS}/{chat_id}").json is True
    assert other.get(f"{CHATS}/{chat_id}").status_code == 401


def new_folder(caller, name="F"):
    with db.transaction():
        return folders.create(caller.user, name, None).id


def test_a_chat_may_be_made_in_a_folder(each_database, member):
    folder = new_folder(member)

    body = {"chat": body_of(), "folder_id": folder}
    chat = member.post(f"{CHATS}/new", body).json

    assert chat["folder_id"] == folder
    assert member.get(f"{CHATS}/").json == []
    assert [c["id"] for c in member.get(f"{CHATS}/folder/{folder}").json] == [chat["id"]]


def test_a_chat_goes_into_no_folder_of_somebody_else(each_database, member, other, admin):
    foreign, chat_id = new_folder(other), create(member)["id"]

    new = member.post(f"{CHATS}/new", {"chat": body_of(), "folder_id": foreign})
    moved = member.post(f"{CHATS}/{chat_id}/folder", {"folder_id": foreign})
    by_admin = admin.post(f"{CHATS}/{chat_id}/folder", {"folder_id": new_folder(admin)})

    assert [new.status_code, moved.status_code, by_admin.status_code] == [404, 404, 404]
    assert member.get(f"{CHATS}/{chat_id}").json["folder_id"] is None
    assert len(member.get(f"{CHATS}/").json) == 1


# Pins, archive, tags


def test_a_pin_can_be_set_and_taken_out(each_database, member):
    chat_id = create(member, message("q"))["id"]

    pinned = member.post(f"{CHATS}/{chat_id}/pin").json
    shown = member.get(f"{CHATS}/pinned").json

    assert (pinned["pinned"], member.get(f"{CHATS}/{chat_id}/pinned").json) == (True, True)
    assert shown == [pinned]
    assert member.post(f"{CHATS}/{chat_id}/pin").json["pinned"] is False
    assert member.get(f"{CHATS}/pinned").json == []


def test_an_archived_chat_leaves_the_list_and_can_be_brought_back(each_database, member):
    chat_id = create(member)["id"]

    assert member.post(f"{CHATS}/{chat_id}/archive").json["archived"] is True
    assert member.get(f"{CHATS}/").json == []
    assert [c["id"] for c in member.get(f"{CHATS}/archived").json] == [chat_id]
    assert member.get(f"{CHATS}/all/archived").json[0]["chat"]["id"] == chat_id
    assert member.post(f"{CHATS}/{chat_id}/archive").json["archived"] is False
    assert [c["id"] for c in member.get(f"{CHATS}/").json] == [chat_id]


def test_all_chats_can_be_archived_and_deleted_at_once(each_database, member, other):
    for caller in (member, member, other):
        create(caller)

    assert member.post(f"{CHATS}/archive/all").json is True
    assert len(member.get(f"{CHATS}/archived").json) == 2
    assert member.delete(f"{CHATS}/").json is True
    assert member.get(f"{CHATS}/archived").json == []
    assert len(other.get(f"{CHATS}/").json) == 1


def test_tags_are_given_found_and_taken(each_database, member):
    chat_id = create(member)["id"]
    tag = {"id": "big_ideas", "name": "Big Ideas", "user_id": member.id, "meta": None}

    assert member.post(f"{CHATS}/{chat_id}/tags", {"name": "Big Ideas"}).json == [tag]
    assert member.get(f"{CHATS}/all/tags").json == [tag]
    found = member.post(f"{CHATS}/tags", {"name": "big ideas"}).json
    assert [chat["id"] for chat in found] == [chat_id]
    assert member.delete(f"{CHATS}/{chat_id}/tags", {"name": "Big Ideas"}).json == []
    assert member.get(f"{CHATS}/all/tags").json == []


@pytest.mark.parametrize(
    ("name", "status"), [("None", 400), (" ", 400), ("", 422), ("x" * 201, 422), (7, 422)]
)
def test_not_everything_is_a_tag(member, name, status):
    chat_id = create(member)["id"]

    assert member.post(f"{CHATS}/{chat_id}/tags", {"name": name}).status_code == status
    assert member.get(f"{CHATS}/all/tags").json == []


# Answers under way


def test_an_answer_under_way_is_shown_as_far_as_it_has_come(each_database, member):
    chat_id, job_id = running_answer(member.user)
    for piece in ("It was ", "a dark "):
        relay.append(job_id, 1, "delta", {"text": piece})

    shown = member.get(f"{CHATS}/{chat_id}").json["chat"]

    assert shown["history"]["messages"]["a"]["content"] == "It was a dark "
    assert shown["messages"][-1]["content"] == "It was a dark "


def test_a_chat_is_shown_as_it_is_stored_while_redis_is_away(member, mortal_valkey):
    chat_id, _ = running_answer(member.user)
    assert member.get(f"{CHATS}/{chat_id}").status_code == 200

    mortal_valkey.kill()
    answer = member.get(f"{CHATS}/{chat_id}")

    assert answer.status_code == 200
    assert answer.json["chat"]["history"]["messages"]["a"]["content"] == ""


def test_deleting_a_chat_stops_its_answer(each_database, member):
    chat_id, job_id = running_answer(member.user)

    member.delete(f"{CHATS}/{chat_id}")

    assert row_of(job_id).status == CANCELLED
    assert stored_message(chat_id, "a") is None


def test_deleting_all_chats_stops_their_answers(member):
    waiting, running = (running_answer(member.user)[1] for _ in range(2))
    change_job(running, status=RUNNING)

    member.delete(f"{CHATS}/")

    assert row_of(waiting).status == CANCELLED
    assert row_of(running).cancel_requested
    assert sorted(sent()) == sorted([waiting, running])


# What is refused


@pytest.mark.parametrize(
    "chat",
    [
        {"history": {"messages": []}},
        {"history": "text"},
        {"title": {"no": "text"}},
        {"title": "x" * 10_000},
        {"history": {"messages": {"q": None}}},
        {"x": "\x00"},
    ],
)
def test_odd_chats_are_stored_as_well_as_can_be(each_database, member, chat):
    made = member.post(f"{CHATS}/new", {"chat": chat})

    assert made.status_code == 200
    assert member.get(f"{CHATS}/{made.json['id']}").json == made.json


@pytest.mark.parametrize(
    "history",
    [
        {"messages": ["q"]},
        {"messages": {"x" * 200: message("q")}},
        {"messages": {"q": message("q", role="x" * 100)}},
        {"messages": {"q": message("q", parent={"no": "id"})}},
        {"messages": {}, "currentId": {"no": "id"}},
    ],
)
def test_what_is_no_tree_of_messages_is_refused_in_words(each_database, member, history):
    chat_id = create(member, message("old"))["id"]

    for path in ("new", chat_id):
        answer = member.post(f"{CHATS}/{path}", {"chat": {"history": history}})
        assert answer.status_code == 400
        assert isinstance(answer.json["detail"], str)
    kept = member.get(f"{CHATS}/{chat_id}").json["chat"]["history"]["messages"]
    assert list(kept) == ["old"]


@pytest.mark.parametrize("title", ["x" * 10_001, ["x" * 10_000]])
def test_a_title_over_10000_characters_is_refused_in_words(member, title):
    chat_id = create(member, message("q"))["id"]

    for path in ("new", chat_id):
        answer = member.post(f"{CHATS}/{path}", {"chat": {"title": title}})
        assert answer.status_code == 422
        assert answer.json["detail"][0]["loc"] == ["body", "chat"]
        assert "10000" in answer.json["detail"][0]["msg"]
    assert member.get(f"{CHATS}/{chat_id}").json["title"] == "A chat"


def test_a_copy_of_a_chat_with_the_longest_title_has_as_long_a_one(member):
    chat_id = create(member, message("q"), title="x" * 10_000)["id"]

    copy = member.post(f"{CHATS}/{chat_id}/clone", {}).json

    assert copy["title"] == f"Clone of {'x' * 10_000}"[:10_000]


@pytest.mark.parametrize(
    "body", [{}, {"chat": []}, {"chat": "text"}, {"chat": None}, b"{", b"", b"[" * 10_000]
)
def test_what_is_no_chat_is_refused(member, body):
    assert member.post(f"{CHATS}/new", body).status_code == 422


def test_a_chat_with_a_thousand_messages_and_a_large_text_is_stored(each_database, member):
    sent = [message("m0", content="x" * 2_000_000)]
    sent += [message(f"m{n}", f"m{n - 1}") for n in range(1, 1000)]

    chat = create(member, *sent)

    assert len(chat["chat"]["messages"]) == 1000
    assert len(chat["chat"]["history"]["messages"]["m0"]["content"]) == 2_000_000


def test_deep_json_is_refused_rather_than_stored_unreadably(each_database, member):
    deep = []
    for _ in range(300):
        deep = [deep]

    assert member.post(f"{CHATS}/new", {"chat": {"x": deep}}).status_code == 422


def test_a_stored_chat_is_the_same_for_all_who_may_read_it(admin, member):
    chat_id = new_chat(member.user, message("q")).id

    assert admin.get(f"{CHATS}/{chat_id}").json == member.get(f"{CHATS}/{chat_id}").json
