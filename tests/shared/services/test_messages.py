"""Messages: a client's tree taken apart into rows, and put together again."""

import threading

import pytest
from sqlalchemy import event

from shared import db
from shared.errors import Invalid
from shared.services import chats, message_trees, messages
from tests.services.crowd import is_somebody_waiting_for_a_lock
from tests.services.things import (
    message,
    new_chat,
    new_user,
    running_answer,
    stored_message,
    tree,
)
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("each_database")
# For what is decided before any SQL is written.
on_any_database = pytest.mark.parametrize("each_database", ["sqlite"], indirect=True)


@pytest.fixture
def chat_id():
    return new_chat(new_user()).id


def write(chat_id, *sent):
    with db.transaction():
        messages.write_all(chat_id, tree(*sent))


def read(chat_id, running=None):
    with db.reading():
        return message_trees.as_tree(messages.of_chat(chat_id), running or {})


@pytest.fixture
def written():
    """The statements that have changed messages since."""
    found = []

    def note(_connection, _cursor, statement, *_):
        if "chat_message" in statement and not statement.startswith("SELECT"):
            found.append(statement.split()[0])

    engine = db.get_engine()
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


QUESTION = message("q", timestamp=7, files=[{"type": "image", "url": "x"}], models=["alpha"])
ANSWER = message("a", "q", "assistant", model="alpha", modelName="Alpha", done=True)


def test_a_tree_comes_back_as_it_was_sent(chat_id):
    sent = (QUESTION, ANSWER, message("b", "q", "assistant"), message("q2", "b"))

    write(chat_id, *sent)

    assert read(chat_id) == tree(*sent)


def test_children_keep_their_order(chat_id):
    found = tree(message("q"), *[message(name, "q", "assistant") for name in "cab"])
    found["q"]["childrenIds"] = ["b", "c", "a"]

    with db.transaction():
        messages.write_all(chat_id, found)

    assert read(chat_id)["q"]["childrenIds"] == ["b", "c", "a"]


def test_questions_that_begin_anew_keep_their_order(chat_id):
    write(chat_id, *[message(name) for name in "cab"])

    assert list(read(chat_id)) == ["c", "a", "b"]


def test_fields_that_we_do_not_know_are_kept(chat_id):
    more = {"annotation": {"rating": 1}, "sources": [{"name": "é漢🙂"}], "x": None, "y": [[], {}]}

    write(chat_id, message("q", **more))

    stored = read(chat_id)["q"]
    assert {name: stored[name] for name in more} == more


@pytest.mark.parametrize("content", ["", "é漢🙂", "a\nb\u2028", "x" * 1_000_000])
def test_any_text_comes_back_as_it_was(chat_id, content):
    write(chat_id, message("q", content=content))

    assert read(chat_id)["q"]["content"] == content


def test_a_text_with_the_character_nul_can_be_stored(chat_id):
    write(chat_id, message("q", content="a\x00b", note="c\x00d"))

    assert read(chat_id)["q"]["content"] == "a\ufffdb"
    assert read(chat_id)["q"]["note"] == "c\x00d"


def test_only_what_changed_is_written(chat_id, written):
    write(chat_id, QUESTION, ANSWER)
    written.clear()

    write(chat_id, QUESTION, {**ANSWER, "content": "changed"})

    assert written == ["UPDATE"]
    assert read(chat_id)["a"]["content"] == "changed"


def test_an_unchanged_tree_writes_nothing(chat_id, written):
    write(chat_id, QUESTION, ANSWER)
    written.clear()

    write(chat_id, QUESTION, ANSWER)

    assert written == []


def test_one_more_turn_writes_its_own_messages_only(chat_id, written):
    write(chat_id, QUESTION, ANSWER)
    written.clear()

    write(chat_id, QUESTION, ANSWER, message("q2", "a"), message("a2", "q2", "assistant"))

    assert set(written) == {"INSERT"}


def test_what_is_gone_is_deleted(chat_id):
    write(chat_id, QUESTION, ANSWER)

    write(chat_id, QUESTION)

    assert list(read(chat_id)) == ["q"]


def test_the_messages_of_two_chats_may_have_the_same_ids(chat_id):
    another = new_chat(new_user(), message("q", content="theirs")).id

    write(chat_id, message("q", content="mine"))

    assert read(chat_id)["q"]["content"] == "mine"
    assert read(another)["q"]["content"] == "theirs"


@on_any_database
@pytest.mark.parametrize(
    ("message_id", "changes"),
    [
        ("", {}),
        ("x" * 129, {}),
        ("a\x00b", {}),
        ("q", {"parentId": {"no": "id"}}),
        ("q", {"parentId": 7}),
        ("q", {"parentId": "x" * 129}),
        ("q", {"childrenIds": "abc"}),
        ("q", {"childrenIds": 7}),
        ("q", {"role": {"no": "text"}}),
        ("q", {"role": 7}),
        ("q", {"role": "x" * 33}),
        ("q", {"content": ["no text"]}),
        ("q", {"content": 7}),
        ("q", {"model": ["alpha"]}),
    ],
)
def test_what_is_no_message_is_refused(chat_id, message_id, changes):
    with pytest.raises(Invalid), db.transaction():
        messages.write_all(chat_id, {message_id: {**message("q"), **changes}})

    assert read(chat_id) == {}


@on_any_database
@pytest.mark.parametrize("sent", [[], "text", 7])
def test_what_is_no_tree_is_refused(chat_id, sent):
    with pytest.raises(Invalid), db.transaction():
        messages.write_all(chat_id, sent)


def test_holes_and_missing_parts_are_forgiven(chat_id):
    with db.transaction():
        messages.write_all(chat_id, {"q": {"childrenIds": [None, {}, 7]}, "hole": None})

    assert read(chat_id) == {
        "q": {"id": "q", "parentId": None, "childrenIds": [], "role": "user", "content": ""}
    }


def test_an_answer_under_way_is_neither_emptied_nor_removed_by_an_older_copy():
    chat_id, job_id = running_answer(new_user())

    write(chat_id, message("q"), message("a", "q", "assistant", content="old", done=True, x=1))
    write(chat_id, message("q"))

    row = stored_message(chat_id, "a")
    assert (row.is_running, row.job_id, row.content) == (True, job_id, "")
    assert row.data == {"x": 1, "done": False}


def finished(chat_id, job_id, content="the answer", **fields):
    with db.transaction():
        return messages.finish_answer(chat_id, "a", job_id, content, fields)


def test_a_finished_answer_survives_a_copy_from_before_it():
    chat_id, job_id = running_answer(new_user())
    finished(chat_id, job_id, usage={"total_tokens": 3})

    write(chat_id, message("q"), message("a", "q", "assistant", content="", done=False))

    row = stored_message(chat_id, "a")
    assert row.content == "the answer"
    assert row.data == {"usage": {"total_tokens": 3}, "done": True}


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param({"content": "the ans"}, id="a part of it"),
        pytest.param(
            {"content": '<details type="reasoning" done="false">\n> hm\n</details>\n'},
            id="its reasoning under way",
        ),
        pytest.param({"content": "the ans", "done": False}, id="not done"),
    ],
)
def test_a_finished_answer_survives_a_copy_from_the_middle_of_it(copy):
    chat_id, job_id = running_answer(new_user())
    finished(chat_id, job_id, usage={"total_tokens": 3})

    write(chat_id, message("q"), message("a", "q", "assistant", **copy, annotation={"rating": 1}))

    found = read(chat_id)["a"]
    assert (found["content"], found["done"]) == ("the answer", True)
    assert found["annotation"] == {"rating": 1}


def test_a_reader_may_cut_a_finished_answer_short():
    chat_id, job_id = running_answer(new_user())
    finished(chat_id, job_id)

    write(chat_id, message("q"), message("a", "q", "assistant", content="the", done=True))

    assert read(chat_id)["a"]["content"] == "the"


def test_a_finished_answer_may_be_changed_by_its_reader():
    chat_id, job_id = running_answer(new_user())
    finished(chat_id, job_id)

    write(chat_id, message("q"), message("a", "q", "assistant", content="edited", rating=1))

    row = stored_message(chat_id, "a")
    assert (row.content, row.data) == ("edited", {"done": True, "rating": 1})


def test_an_answer_of_another_job_is_left_alone():
    chat_id, _ = running_answer(new_user())

    finished(chat_id, "an older job", "late")

    assert stored_message(chat_id, "a").content == ""
    assert stored_message(chat_id, "a").is_running


def test_an_answer_is_finished_once():
    chat_id, job_id = running_answer(new_user())
    finished(chat_id, job_id, "once")

    finished(chat_id, job_id, "twice")

    assert stored_message(chat_id, "a").content == "once"


def test_an_answer_of_a_chat_that_is_gone_is_dropped():
    chat_id, job_id = running_answer(new_user())
    with db.transaction():
        chats.remove(chats.find(chat_id))

    finished(chat_id, job_id)

    assert stored_message(chat_id, "a") is None


def start(chat_id, message_id, **more):
    with db.transaction():
        return messages.start_answer(chats.find(chat_id), message_id, "j", "alpha", **more)


def test_an_answer_that_the_client_has_not_stored_is_made_below_the_current_message():
    chat_id = new_chat(new_user(), message("q")).id

    start(chat_id, "a")

    row = stored_message(chat_id, "a")
    assert (row.parent_id, row.role, row.model, row.is_running) == ("q", "assistant", "alpha", True)
    with db.reading():
        assert chats.find(chat_id).current_id == "a"


def test_a_new_answer_in_place_of_an_old_one_begins_empty():
    old = message("a", "q", "assistant", content="old", error={"content": "x"}, done=True, keep=1)
    chat_id = new_chat(new_user(), message("q"), old).id

    before = start(chat_id, "a")

    row = stored_message(chat_id, "a")
    assert (before, row.content, row.data) == ("", "", {"keep": 1})


def test_an_answer_that_goes_on_keeps_what_it_has():
    chat_id = new_chat(
        new_user(), message("q"), message("a", "q", "assistant", content="It was ")
    ).id

    before = start(chat_id, "a", before=None)
    finished(chat_id, "j", "a dark night.")

    assert before == "It was "
    assert stored_message(chat_id, "a").content == "It was a dark night."


def test_what_is_being_written_stands_in_the_place_of_what_is_stored():
    chat_id, _ = running_answer(new_user())

    assert read(chat_id, {"a": "so far"})["a"]["content"] == "so far"


@on_any_database
def test_a_branch_leads_from_the_root_to_the_current_message():
    found = tree(message("q"), message("a", "q"), message("b", "q"), message("q2", "b"))

    assert [m["id"] for m in message_trees.branch(found, "q2")] == ["q", "b", "q2"]


@on_any_database
@pytest.mark.parametrize("current", [None, "unknown"])
def test_a_branch_to_nowhere_is_empty(current):
    assert message_trees.branch(tree(message("q")), current) == []


@on_any_database
def test_a_branch_that_bites_its_tail_ends():
    circle = {"a": {"id": "a", "parentId": "b"}, "b": {"id": "b", "parentId": "a"}}

    assert [m["id"] for m in message_trees.branch(circle, "a")] == ["b", "a"]


@pytest.mark.parametrize("each_database", ["postgres"], indirect=True)  # SQLite's writers are alone
def test_an_answer_is_stored_while_a_page_saves_its_chat():
    chat_id, job_id = running_answer(new_user())
    written = threading.Thread(target=finished, args=(chat_id, job_id), daemon=True)

    with db.transaction():
        chats.find(chat_id).title = "changed"
        db.session().flush()
        written.start()
        wait_until(is_somebody_waiting_for_a_lock, 5, "the answer to wait for the page")
        messages.find(chat_id, "a").data = {"annotation": 1}
        db.session().flush()
    written.join(5)

    assert not written.is_alive()
    assert read(chat_id)["a"]["content"] == "the answer"


@pytest.mark.parametrize("each_database", ["postgres"], indirect=True)  # SQLite's writers are alone
def test_an_answer_whose_chat_is_being_deleted_is_not_stored():
    chat_id, job_id = running_answer(new_user())
    stored = []
    writer = threading.Thread(target=lambda: stored.append(finished(chat_id, job_id)), daemon=True)

    with db.transaction():
        chats.remove(chats.find(chat_id))
        writer.start()
        wait_until(is_somebody_waiting_for_a_lock, 5, "the answer to wait for the deletion")
    writer.join(5)

    assert stored == [False]


def test_a_save_gives_what_is_stored_then(each_database):
    chat = new_chat(new_user(), message("q"), message("a", "q", "assistant"))
    for sent in (
        tree(message("q"), message("a", "q", "assistant", content="changed", model="m", mark=1)),
        tree(message("q"), message("b", "q", "assistant"), message("a", "q", "assistant")),
        tree(message("q")),
    ):
        with db.transaction():
            given = messages.write_all(chat.id, sent)
            assert given == messages.of_chat(chat.id)
