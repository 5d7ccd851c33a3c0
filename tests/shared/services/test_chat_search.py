"""Finding chats by their texts and by words that narrow a search down."""

import pytest

from shared import db
from shared.services import chat_search, chat_tags, chats, folders, message_edits, messages
from tests.services.things import message, new_chat, new_user

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def owner():
    return new_user()


def found(owner, query, page=None):
    with db.reading():
        return [chat.title for chat in chat_search.find(owner.id, query, page)]


def chat_of(owner, title, *texts):
    sent = [message(f"m{n}", content=text) for n, text in enumerate(texts)]
    return new_chat(owner, *sent, title=title)


def change(chat, action, *arguments):
    with db.transaction():
        action(chats.find(chat.id), *arguments)


@pytest.mark.parametrize("query", ["harbour", "HARBOUR", "rbou", "old harbour"])
def test_a_piece_of_a_message_is_found_in_any_case(owner, query):
    chat_of(owner, "A", "The ship left the Old Harbour at dawn.")
    chat_of(owner, "B", "Nothing of that kind.")

    assert found(owner, query) == ["A"]


def test_a_title_is_found(owner):
    chat_of(owner, "Harbour plans", "x")
    chat_of(owner, "B", "y")

    assert found(owner, "harbour") == ["Harbour plans"]


@pytest.mark.parametrize("query", ["Øl", "øl", "ØL"])
def test_a_text_too_short_for_the_index_is_found_too(owner, query):
    chat_of(owner, "A", "Øl og brød")
    chat_of(owner, "B", "Brød")

    assert found(owner, query) == ["A"]


@pytest.mark.parametrize(
    "query", ["100%", "a_b", 'say "hi"', "it's", "c:\\temp", "x AND y", "(**)"]
)
def test_signs_stand_for_themselves(owner, query):
    chat_of(owner, "A", f"before {query} after")
    chat_of(owner, "B", "100x acb say hi its temp x y")

    assert found(owner, query) == ["A"]


def test_a_changed_text_is_found_by_its_new_words_only(owner):
    chat = chat_of(owner, "A", "first words")

    change(chat, message_edits.write_one, "m0", "second thoughts")
    change(chat, chats.merge, {"title": "Renamed"})

    assert found(owner, "first words") == []
    assert found(owner, "second") == found(owner, "renam") == ["Renamed"]


def test_an_answer_is_found_when_it_has_been_written(owner):
    chat = chat_of(owner, "A", "question")
    with db.transaction():
        messages.start_answer(chats.find(chat.id), "a", "job", "alpha")

    with db.transaction():
        messages.finish_answer(chat.id, "a", "job", "Forty-two, of course", {})

    assert found(owner, "forty-two") == ["A"]


def test_nothing_is_found_of_a_deleted_chat(owner):
    kept = chat_of(owner, "Kept", "same words")
    change(chat_of(owner, "Gone", "same words"), chats.remove)

    assert found(owner, "same words") == [kept.title]


def test_nobody_finds_the_chats_of_others(owner):
    chat_of(new_user(), "Theirs", "secret words")

    assert found(owner, "secret") == found(owner, "theirs") == found(owner, "") == []


def test_archived_chats_are_found_only_when_asked_for(owner):
    chat = chat_of(owner, "A", "words")
    change(chat, chats.toggle_archive)

    assert found(owner, "words") == []
    assert found(owner, "archived:true words") == ["A"]


def test_an_empty_text_finds_all_wherever_they_lie(owner):
    for title in ("plain", "pinned", "in folder"):
        chat_of(owner, title)
    chat = chat_of(owner, "newest")
    change(chat, chats.toggle_pin)
    change(chat, lambda row: setattr(row, "updated_at", row.updated_at + 10))

    assert found(owner, "  ")[0] == "newest"
    assert len(found(owner, "")) == 4


def test_words_narrow_a_search_down(owner):
    both, one = chat_of(owner, "Both", "words"), chat_of(owner, "One", "words")
    chat_of(owner, "None", "words")
    for chat, tag in ((both, "Big Ideas"), (both, "work"), (one, "work")):
        change(chat, chat_tags.add, tag)

    assert sorted(found(owner, "tag:work words")) == ["Both", "One"]
    assert found(owner, "words tag:big_ideas tag:WORK") == ["Both"]
    assert found(owner, "tag:none") == ["None"]
    assert found(owner, "tag:unknown") == []


def test_a_folder_is_named_by_id_or_by_name(owner):
    chat = chat_of(owner, "A", "words")
    chat_of(owner, "B", "words")
    with db.transaction():
        folder = folders.create(owner, "Old Plans", None)
    change(chat, chats.move, folder.id)

    assert found(owner, f"folder:{folder.id}") == found(owner, "folder:old_plans words") == ["A"]
    assert found(owner, "folder:nowhere") == []


def test_pins_and_shares_narrow_a_search_down(owner):
    change(chat_of(owner, "Pinned"), chats.toggle_pin)
    chat_of(owner, "Plain")

    assert found(owner, "pinned:true") == ["Pinned"]
    assert found(owner, "pinned:false") == ["Plain"]
    assert found(owner, "shared:true") == []
    assert found(owner, "shared:false pinned:true") == ["Pinned"]


def test_a_text_that_stands_everywhere_is_found_page_by_page(owner, monkeypatch):
    monkeypatch.setattr(chat_search, "_MANY", 3)
    for number in range(62):
        chat_of(owner, f"T{number:02}", "the same everywhere")

    pages = [found(owner, "same everywhere", page) for page in (1, 2, 3)]

    assert [len(page) for page in pages] == [60, 2, 0]
    assert len(set(pages[0] + pages[1])) == 62
