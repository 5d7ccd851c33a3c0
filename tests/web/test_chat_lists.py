"""Lists of chats: what newer clients ask them for."""

from tests.services.things import new_chat

CHATS = "/api/v1/chats"


def create(caller, **more):
    return caller.get(f"{CHATS}/{new_chat(caller.user, **more).id}").json


def new_folder(caller):
    return caller.post("/api/v1/folders/", {"name": "F"}).json["id"]


def test_a_page_may_be_asked_for_by_the_last_chat_of_the_one_before(each_database, member):
    made = [create(member)["id"] for _ in range(3)]

    after = [chat["id"] for chat in member.get(f"{CHATS}/?before={made[2]}").json]

    assert after == [made[1], made[0]]
    assert member.get(f"{CHATS}/?before=nowhere").json == []


def test_the_list_may_have_what_is_shown_elsewhere(each_database, member):
    pinned, in_folder = create(member)["id"], create(member)["id"]
    member.post(f"{CHATS}/{pinned}/pin")
    member.post(f"{CHATS}/{in_folder}/folder", {"folder_id": new_folder(member)})

    def ids(query):
        return [chat["id"] for chat in member.get(f"{CHATS}/?{query}").json]

    assert ids("page=1") == []
    assert ids("include_pinned=true") == [pinned]
    assert set(ids("include_pinned=true&include_folders=true")) == {pinned, in_folder}


def test_archived_chats_are_found_counted_ordered_and_brought_back(each_database, member):
    for title in ("Beta", "Alpha", "Other"):
        create(member, title=title)
    member.post(f"{CHATS}/archive/all")

    def titles(query):
        return [chat["title"] for chat in member.get(f"{CHATS}/archived?{query}").json]

    assert member.get(f"{CHATS}/archived/count").json == 3
    assert titles("order_by=title&direction=asc") == ["Alpha", "Beta", "Other"]
    assert (titles("query=alph"), titles("page=2")) == (["Alpha"], [])
    assert member.get(f"{CHATS}/archived?order_by=user_id").status_code == 422
    assert member.post(f"{CHATS}/unarchive/all").json is True
    assert len(member.get(f"{CHATS}/").json) == 3


def test_the_chats_of_a_folder_are_listed_without_their_messages(each_database, member, other):
    folder, chat = new_folder(member), create(member)
    member.post(f"{CHATS}/{chat['id']}/folder", {"folder_id": folder})

    (listed,) = member.get(f"{CHATS}/folder/{folder}/list").json

    assert (listed["id"], set(listed)) == (chat["id"], {"id", "title", "updated_at", "created_at"})
    assert other.get(f"{CHATS}/folder/{folder}/list").status_code == 404
