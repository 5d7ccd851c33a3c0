"""Chats: rows inside, the page's form outside; lists, tags."""

import pytest
from sqlalchemy import event, select

from shared import db
from shared.errors import Invalid, NotFound
from shared.models.chat import ChatMessage
from shared.services import chat_tags, chats, messages
from tests.services.things import body_of, message, new_chat, new_user, tree

pytestmark = pytest.mark.usefixtures("each_database")
# For what is decided before any SQL is written.
on_any_database = pytest.mark.parametrize("each_database", ["sqlite"], indirect=True)


@pytest.fixture
def owner():
    return new_user()


def stored(chat_id):
    with db.reading() as session:
        chat = chats.find(chat_id)
        rows = session.scalars(select(ChatMessage).where(ChatMessage.chat_id == chat_id)).all()
        return chats.as_json(chat, list(rows), {})


def change(chat_id, action, *arguments):
    with db.transaction():
        chat = chats.find(chat_id)
        action(chat, *arguments)
        return chat


def test_a_chat_comes_back_as_it_was_sent(owner):
    sent = (message("q"), message("a", "q", "assistant"))
    more = {"models": ["alpha", "beta"], "params": {"temperature": 0.2}, "files": [], "x": None}

    chat = stored(new_chat(owner, *sent, **more).id)

    body = chat["chat"]
    assert {name: body[name] for name in more} == more
    assert body["history"] == {"messages": tree(*sent), "currentId": "a"}
    assert [m["id"] for m in body["messages"]] == ["q", "a"]


def test_the_server_chooses_the_id(owner):
    chat = stored(new_chat(owner, id="mine").id)

    assert chat["id"] == chat["chat"]["id"] != "mine"


@pytest.mark.parametrize("title", [None, ""])
def test_a_chat_without_a_title_gets_one(owner, title):
    assert stored(new_chat(owner, title=title).id)["title"] == "New Chat"


def test_a_client_lays_its_keys_over_those_stored(owner):
    chat_id = new_chat(owner, message("q"), params={"a": 1}, tags=["x"]).id

    change(chat_id, chats.merge, {"title": "New", "params": {"b": 2}})

    chat = stored(chat_id)
    assert (chat["title"], chat["chat"]["title"]) == ("New", "New")
    assert (chat["chat"]["params"], chat["chat"]["tags"]) == ({"b": 2}, ["x"])
    assert list(chat["chat"]["history"]["messages"]) == ["q"]


def test_a_client_that_sends_its_title_only_changes_nothing_else(owner):
    chat_id = new_chat(owner, message("q")).id
    before = stored(chat_id)["chat"]

    change(chat_id, chats.merge, {"title": ""})

    assert stored(chat_id)["chat"] == before


def test_a_change_moves_a_chat_to_the_top_of_the_list(owner):
    chat_id = new_chat(owner).id
    change(chat_id, lambda chat: setattr(chat, "updated_at", 1))

    change(chat_id, chats.merge, {})

    assert stored(chat_id)["updated_at"] > 1


@on_any_database
@pytest.mark.parametrize(
    "history",
    [
        {"messages": ["q"]},
        {"messages": {}, "currentId": 7},
        {"messages": {}, "currentId": "x" * 129},
        {"messages": {}, "currentId": "a\x00b"},
    ],
)
def test_what_is_no_history_is_refused_and_nothing_is_stored(owner, history):
    with pytest.raises(Invalid), db.transaction():
        chats.create(owner.id, {"history": history})

    with db.reading():
        assert chats.all_of(owner.id) == []


def test_a_chat_may_have_no_history(owner):
    assert stored(new_chat(owner, history=None).id)["chat"]["history"]["messages"] == {}


def test_a_removed_chat_is_gone_with_its_messages(owner):
    chat_id = new_chat(owner, message("q")).id

    change(chat_id, chats.remove)

    with pytest.raises(NotFound):
        stored(chat_id)
    with db.reading() as session:
        assert session.scalars(select(ChatMessage)).all() == []


# Lists


def ids(found):
    return [chat.id for chat in found]


def listing(action, *arguments):
    with db.reading():
        return ids(action(*arguments))


def test_the_list_shows_the_newest_change_first(owner):
    first, second, third = (new_chat(owner).id for _ in range(3))
    change(first, lambda chat: setattr(chat, "updated_at", chat.updated_at + 10))

    assert listing(chats.listed, owner.id, None) == [first, third, second]


def test_the_list_has_pages_of_sixty(owner):
    with db.transaction():
        made = [chats.create(owner.id, {}).id for _ in range(61)]

    pages = [listing(chats.listed, owner.id, page) for page in (1, 2, 3)]

    assert [len(page) for page in pages] == [60, 1, 0]
    assert pages[0] + pages[1] == sorted(made, reverse=True)
    assert listing(chats.listed, owner.id, None) == pages[0] + pages[1]


def test_the_list_leaves_out_what_has_a_place_of_its_own(owner):
    plain, pinned, archived, in_folder = (new_chat(owner).id for _ in range(4))
    new_chat(new_user())
    change(pinned, chats.toggle_pin)
    change(archived, chats.toggle_archive)
    change(in_folder, chats.move, "f")

    assert listing(chats.listed, owner.id, None) == [plain]
    assert listing(chats.pinned, owner.id) == [pinned]
    assert listing(lambda owner_id: chats.page_of(chats.archived(owner_id), None), owner.id) == [
        archived
    ]
    assert len(listing(chats.all_of, owner.id)) == 4


def test_a_pinned_chat_that_is_archived_is_not_among_the_pinned(owner):
    chat_id = new_chat(owner).id
    change(chat_id, chats.toggle_pin)
    change(chat_id, chats.toggle_archive)

    assert listing(chats.pinned, owner.id) == []


@pytest.fixture
def query_of_the_list(owner):
    """The statement by which the sidebar's list is read, with its values."""
    found = []
    engine = db.get_engine()

    def note(_connection, _cursor, statement, values, *_):
        if statement.startswith("SELECT"):
            found.append((statement, values))

    with db.reading():
        event.listen(engine, "before_cursor_execute", note)
        chats.listed(owner.id, 1)
        event.remove(engine, "before_cursor_execute", note)
    (query,) = found
    return query


def test_the_list_reads_neither_messages_nor_bodies(query_of_the_list):
    statement, _ = query_of_the_list

    assert "chat_message" not in statement
    assert "data" not in statement.partition(" FROM ")[0].replace("\nFROM", " FROM")


def test_the_list_is_read_in_the_order_of_its_index(query_of_the_list):
    statement, values = query_of_the_list
    is_sqlite = db.get_engine().dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"

    with db.reading() as session:
        connection = session.connection()
        if not is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # so few rows are
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")  # cheaper otherwise
        plan = str(connection.exec_driver_sql(f"{explain} {statement}", values).all())

    assert "ix_chat_list" in plan or "ix_chat_owner" in plan  # both are in that order
    assert "Sort" not in plan
    assert "B-TREE" not in plan


@pytest.fixture
def count_statements():
    """Count the statements, and the rows that they are given, of what is done in a transaction."""

    def count(action):
        found = []

        def note(_connection, _cursor, _statement, values, _context, is_many):
            found.append(len(values) if is_many else 1)

        with db.transaction():
            event.listen(db.get_engine(), "before_cursor_execute", note)
            action()
            db.flush()
            event.remove(db.get_engine(), "before_cursor_execute", note)
        return sum(found)

    return count


def long_chat(owner, length):
    sent = [message("m0"), *(message(f"m{n}", f"m{n - 1}") for n in range(1, length))]
    return new_chat(owner, *sent).id, sent


def test_a_turn_costs_as_many_statements_in_a_long_chat(owner, count_statements):
    def turn(length):
        chat_id, _ = long_chat(owner, length)

        def answer():
            messages.start_answer(chats.find(chat_id), "a", "job", "alpha")
            messages.finish_answer(chat_id, "a", "job", "Yes.", {})

        return count_statements(answer)

    assert turn(500) == turn(2)


def test_a_page_that_saves_a_long_chat_writes_only_what_is_new(owner, count_statements):
    def save(length):
        chat_id, sent = long_chat(owner, length)
        body = body_of(*sent, message("new", f"m{length - 1}"))
        return count_statements(lambda: chats.merge(chats.find(chat_id), body))

    assert save(500) == save(2)


def test_the_path_to_a_message_is_looked_up_no_further_than_needed(owner):
    chat_id, _ = long_chat(owner, 5)

    with db.reading():
        paths = [messages.path_to(chat_id, "m2", most) for most in (2, 3, 9)]
        nowhere = messages.path_to(chat_id, "nowhere", 3)

    ids = [[row.id for row in path] for path in paths]
    assert ids == [["m1", "m2"], ["m0", "m1", "m2"], ["m0", "m1", "m2"]]
    assert nowhere == []


def test_pinning_twice_takes_the_pin_out(owner):
    chat_id = new_chat(owner).id

    pins = [change(chat_id, chats.toggle_pin).pinned for _ in range(2)]

    assert pins == [True, False]


def test_moving_into_a_folder_takes_the_pin_out(owner):
    chat_id = new_chat(owner).id
    change(chat_id, chats.toggle_pin)

    chat = change(chat_id, chats.move, "f")

    assert (chat.folder_id, chat.pinned) == ("f", False)


def test_archiving_all_leaves_other_users_alone(owner):
    mine, theirs = new_chat(owner), new_chat(new_user())

    with db.transaction():
        chats.archive_all(owner.id)

    assert (stored(mine.id)["archived"], stored(theirs.id)["archived"]) == (True, False)


# Tags


def tags(owner):
    with db.reading():
        return {tag.id: tag.name for tag in chat_tags.of_user(owner.id)}


def test_a_tag_has_its_name_in_lower_case_for_an_id(owner):
    chat_id = new_chat(owner).id

    change(chat_id, chat_tags.add, " Big Ideas ")

    assert tags(owner) == {"big_ideas": "Big Ideas"}
    assert stored(chat_id)["meta"] == {"tags": ["big_ideas"]}


def test_a_tag_is_given_once(owner):
    chat_id = new_chat(owner).id

    for name in ("One", "one", "ONE"):
        change(chat_id, chat_tags.add, name)

    assert stored(chat_id)["meta"] == {"tags": ["one"]}


@on_any_database
@pytest.mark.parametrize("name", ["none", "None", " NONE ", " "])
def test_no_tag_is_named_none(owner, name):
    with pytest.raises(Invalid):
        change(new_chat(owner).id, chat_tags.add, name)


def test_chats_are_found_by_their_tag(owner):
    tagged, _, theirs = new_chat(owner).id, new_chat(owner).id, new_chat(new_user()).id
    for chat_id in (tagged, theirs):
        change(chat_id, chat_tags.add, "Big Ideas")

    assert listing(chats.tagged, owner.id, "big ideas") == [tagged]


def test_a_tag_goes_with_its_last_chat(owner):
    one, two = new_chat(owner).id, new_chat(owner).id
    for chat_id in (one, two):
        change(chat_id, chat_tags.add, "shared")
    change(one, chat_tags.add, "own")

    change(one, chats.remove)
    after_one = tags(owner)
    change(two, chat_tags.remove, ["shared"])

    assert (after_one, tags(owner)) == ({"shared": "shared"}, {})


def test_the_same_tag_of_another_user_stays(owner):
    other = new_user()
    mine, theirs = new_chat(owner).id, new_chat(other).id
    for chat_id in (mine, theirs):
        change(chat_id, chat_tags.add, "shared")

    change(mine, chats.remove)

    assert tags(other) == {"shared": "shared"}


def test_new_tags_take_the_place_of_the_old(owner):
    chat_id = new_chat(owner).id
    change(chat_id, chat_tags.add, "old")

    change(chat_id, chat_tags.replace, ["New", "new", "none", " ", "Other"])

    assert stored(chat_id)["meta"] == {"tags": ["new", "other"]}
    assert set(tags(owner)) == {"new", "other"}


def test_a_body_without_messages_is_a_chat(owner):
    assert stored(new_chat(owner).id)["chat"]["history"] == {"messages": {}, "currentId": None}
    assert body_of()["history"]["currentId"] is None
