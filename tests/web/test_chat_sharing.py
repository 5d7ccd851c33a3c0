"""Sharing chats as snapshots, and copying them."""

import pytest

from shared import db, relay
from shared.models.chat import SharedChat
from tests.services.things import message, new_chat, running_answer

CHATS = "/api/v1/chats"


@pytest.fixture
def chat(member, each_database):
    sent = (message("q"), message("a", "q", "assistant"), message("b", "q", "assistant"))
    return member.get(f"{CHATS}/{new_chat(member.user, *sent).id}").json


def share(caller, chat):
    return caller.post(f"{CHATS}/{chat['id']}/share").json


def test_a_member_reads_what_another_shares(member, other, chat):
    shared = share(member, chat)

    seen = other.get(f"{CHATS}/share/{shared['id']}").json

    assert seen == shared
    assert (seen["user_id"], seen["title"]) == (f"shared-{chat['id']}", chat["title"])
    assert seen["chat"]["history"] == chat["chat"]["history"]
    assert member.get(f"{CHATS}/{chat['id']}").json["share_id"] == shared["id"]


def test_strangers_and_pending_accounts_read_no_snapshot(member, stranger, new_caller, chat):
    shared = share(member, chat)

    statuses = {
        c.get(f"{CHATS}/share/{shared['id']}").status_code
        for c in (stranger, new_caller("pending"))
    }

    assert statuses <= {401, 403}


def test_a_snapshot_changes_only_when_it_is_shared_again(member, other, chat):
    shared = share(member, chat)
    member.post(f"{CHATS}/{chat['id']}", {"chat": {"title": "Renamed"}})
    at = f"{CHATS}/share/{shared['id']}"

    before = other.get(at).json["title"]
    again = share(member, chat)

    assert (before, other.get(at).json["title"]) == ("A chat", "Renamed")
    assert again["id"] == shared["id"]


def test_a_snapshot_ends_with_its_sharing(member, other, chat):
    shared = share(member, chat)

    answers = [member.delete(f"{CHATS}/{chat['id']}/share").json for _ in range(2)]

    assert answers == [True, False]
    assert other.get(f"{CHATS}/share/{shared['id']}").status_code == 401
    assert member.get(f"{CHATS}/{chat['id']}").json["share_id"] is None


def test_a_snapshot_goes_with_its_chat(member, chat):
    share(member, chat)

    member.delete(f"{CHATS}/{chat['id']}")

    with db.reading() as session:
        assert session.query(SharedChat).count() == 0


def test_the_id_of_a_chat_opens_no_snapshot_to_members(member, other, chat):
    share(member, chat)

    for caller in (member, other):
        assert caller.get(f"{CHATS}/share/{chat['id']}").status_code == 401


def test_admins_may_name_a_chat_only_when_they_may_read_it(member, admin, configure, chat):
    assert admin.get(f"{CHATS}/share/{chat['id']}").json["id"] == chat["id"]

    configure(enable_admin_chat_access="false")

    assert admin.get(f"{CHATS}/share/{chat['id']}").status_code == 401
    assert admin.post(f"{CHATS}/{chat['id']}/clone/shared").status_code == 401


def test_nobody_shares_or_copies_the_chat_of_another(member, other, chat):
    for method, path in (
        ("POST", "share"),
        ("DELETE", "share"),
        ("POST", "clone"),
        ("POST", "clone/shared"),
    ):
        assert other.send(method, f"{CHATS}/{chat['id']}/{path}", {}).status_code == 401, path


def test_a_copy_has_all_branches_and_remembers_its_origin(member, chat):
    copy = member.post(f"{CHATS}/{chat['id']}/clone", {}).json

    assert copy["id"] != chat["id"]
    assert copy["title"] == copy["chat"]["title"] == "Clone of A chat"
    assert copy["chat"]["history"] == chat["chat"]["history"]
    assert copy["chat"]["originalChatId"] == chat["id"]
    assert copy["chat"]["branchPointMessageId"] == "b"
    assert member.post(f"{CHATS}/{chat['id']}/clone", {"title": "Mine"}).json["title"] == "Mine"


def test_a_copy_and_its_origin_go_separate_ways(member, chat):
    copy = member.post(f"{CHATS}/{chat['id']}/clone", {}).json

    member.delete(f"{CHATS}/{chat['id']}")

    assert member.get(f"{CHATS}/{copy['id']}").json["chat"]["history"] == copy["chat"]["history"]


def test_a_copy_of_an_answer_under_way_ends_where_it_was(member, each_database):
    chat_id, job_id = running_answer(member.user)
    relay.append(job_id, 1, "delta", {"text": "half an "})

    copy = member.post(f"{CHATS}/{chat_id}/clone", {}).json

    assert copy["chat"]["history"]["messages"]["a"]["content"] == "half an "


def test_a_member_copies_a_snapshot_into_a_chat_of_their_own(member, other, chat):
    shared = share(member, chat)

    copy = other.post(f"{CHATS}/{shared['id']}/clone/shared").json

    assert (copy["user_id"], copy["title"]) == (other.id, "Clone of A chat")
    assert copy["chat"]["history"] == chat["chat"]["history"]
    assert other.get(f"{CHATS}/{copy['id']}").json == copy


def test_all_snapshots_can_be_deleted_at_once(member, other, chat):
    mine, theirs = share(member, chat), share(other, {"id": new_chat(other.user).id})

    assert member.delete(f"{CHATS}/share/all").json is True

    assert other.get(f"{CHATS}/share/{mine['id']}").status_code == 401
    assert member.get(f"{CHATS}/share/{theirs['id']}").status_code == 200
    assert member.get(f"{CHATS}/{chat['id']}").json["share_id"] is None


def test_a_fork_has_the_branch_up_to_a_message(member, other, chat):
    member.post(f"{CHATS}/{chat['id']}/tags", {"name": "Big Ideas"})

    fork = member.post(f"{CHATS}/{chat['id']}/fork", {"message_id": "a"}).json

    history = fork["chat"]["history"]
    assert (set(history["messages"]), history["currentId"]) == ({"q", "a"}, "a")
    assert history["messages"]["q"]["childrenIds"] == ["a"]
    assert (fork["title"], fork["meta"]["tags"]) == ("A chat", ["big_ideas"])
    assert fork["meta"]["forked_from"] == chat["id"]
    assert member.post(f"{CHATS}/{chat['id']}/fork").json["chat"]["history"]["currentId"] == "b"
    assert member.post(f"{CHATS}/{chat['id']}/fork", {"message_id": "x"}).status_code == 404
    assert other.post(f"{CHATS}/{chat['id']}/fork").status_code == 401


def test_an_empty_chat_has_nothing_to_fork(member, each_database):
    assert member.post(f"{CHATS}/{new_chat(member.user).id}/fork").status_code == 400
