"""Moving in: what an Open WebUI of three versions and both databases has, is here afterwards."""

import hashlib

import pytest
from sqlalchemy import func, select

from shared import db
from shared.config.options import get_options, option
from shared.models import (
    APIKey,
    Base,
    Channel,
    ChannelMessage,
    ChannelReaction,
    Chat,
    ChatMessage,
    ChatTag,
    Credential,
    Feedback,
    File,
    Folder,
    Function,
    Group,
    GroupMember,
    Job,
    Knowledge,
    KnowledgeFile,
    Memory,
    ModelRow,
    OptionRow,
    Prompt,
    SharedChat,
    Tag,
    Tool,
    User,
)
from shared.models.file import PROCESSED
from shared.movein import NotReadable, move_in
from shared.movein.files import MISSING
from shared.services import accounts, chats, indexing, messages, shared_chats, valves
from shared.storage import get_storage
from tests.services.openwebui_home import ADA, AT, AT_NS, BOB, SOURCE, furnished
from tests.services.searching import texts_in
from tests.services.things import message, new_user
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("each_database")
# A row of each table, by its key.
BROUGHT = {
    User: ADA,
    Credential: BOB,
    Group: "g",
    GroupMember: ("g", BOB),
    Folder: "inner",
    Tag: ("hard_work", BOB),
    Chat: "c",
    ChatMessage: ("c", "a2"),
    ChatTag: ("c", "hard_work"),
    SharedChat: "s",
    File: "f",
    Knowledge: "k",
    KnowledgeFile: ("k", "f"),
    ModelRow: "mine",
    Prompt: "/sum",
    Tool: "clock",
    Function: "pipe",
    Memory: "m",
    Feedback: "r",
    OptionRow: "ui.default_locale",
}


@pytest.fixture(params=["0.4", "0.5", "0.6"])
def version(request):
    return request.param


@pytest.fixture(params=["sqlite", "postgres"])
def old(request, version, new_database, uploads):
    """A database in which there is one of everything."""
    return furnished(new_database(version, request.param), uploads)


@pytest.fixture
def old_sqlite(new_database, uploads):
    return furnished(new_database(), uploads)


def get(model, key):
    with db.reading() as session:
        return session.get(model, key)


def counted():
    """Count the rows of every table."""
    with db.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table))
            for name, table in Base.metadata.tables.items()
        }


def kinds_of_jobs():
    with db.reading() as session:
        return sorted(session.scalars(select(Job.kind)))


def test_everything_comes_along_from_each_version_and_database(old, uploads):
    report = move_in(old.url, uploads)

    assert not report.left_out
    assert {model: get(model, key) is not None for model, key in BROUGHT.items()} == dict.fromkeys(
        BROUGHT, True
    )
    if old.has("message"):
        assert get(ChannelMessage, "reply").parent_id == "first"
        assert get(ChannelReaction, ("first", "wave", BOB)) is not None
    if old.has("channel"):
        assert get(Channel, "ch").created_at == AT_NS["created_at"]
    assert kinds_of_jobs() == ["retrieval.index_file", "retrieval.index_memories"]


def test_what_was_brought_is_found_once_a_worker_has_seen_to_it(
    old_sqlite, uploads, engine, worker
):
    move_in(old_sqlite.url, uploads)

    wait_until(lambda: get(File, "f").status == PROCESSED, 20, "the file")
    wait_until(lambda: texts_in(indexing.memories_of(BOB)), 20, "the memory")
    rome = ["Rome was built in years."]
    assert (texts_in("file-f"), texts_in("k")) == (rome, rome)
    assert texts_in(indexing.memories_of(BOB)) == ["Likes Rome."]


def test_a_second_run_brings_nothing_twice(old_sqlite, uploads):
    move_in(old_sqlite.url, uploads)
    before = counted()

    report = move_in(old_sqlite.url, uploads)

    assert counted() == before
    assert not report.left_out
    assert sum(report.brought.values()) == 0
    assert report.present["chats"] == 1


def test_a_dry_run_stores_nothing_and_tells_the_same(old_sqlite, uploads):
    before = counted()

    dry = move_in(old_sqlite.url, uploads, is_dry=True)

    assert counted() == before
    assert "chats: 1 would be brought" in dry.lines()
    assert dry.brought == move_in(old_sqlite.url, uploads).brought


def test_a_chat_is_taken_apart_and_reads_as_it_was(old_sqlite, uploads):
    move_in(old_sqlite.url, uploads)

    with db.reading():
        chat = chats.find("c")
        shown = chats.as_json(chat, messages.of_chat("c"), {})
    assert shown["chat"]["history"]["messages"]["q"]["childrenIds"] == ["a1", "a2"]
    assert [one["id"] for one in shown["chat"]["messages"]] == ["q", "a1"]
    assert shown["chat"]["params"] == {"temperature": 0.5}
    assert (shown["pinned"], shown["folder_id"], shown["share_id"]) == (True, "inner", "s")
    assert (shown["created_at"], shown["updated_at"]) == (AT["created_at"], AT["updated_at"])
    assert shown["meta"]["tags"] == ["hard_work"]


def test_a_shared_chat_keeps_its_address(old_sqlite, uploads):
    move_in(old_sqlite.url, uploads)

    with db.reading():
        shared = shared_chats.find("s")
    assert shared.chat["history"]["currentId"] == "a1"


def test_an_api_key_goes_on_working_and_stands_nowhere_in_clear(old_sqlite, uploads):
    move_in(old_sqlite.url, uploads)

    with db.reading() as session:
        assert accounts.by_api_key("sk-0123456789abcdef").id == ADA
        assert session.scalar(select(APIKey.hint)) == "sk-…cdef"


def test_secrets_are_sealed_on_their_way(old_sqlite, uploads):
    move_in(old_sqlite.url, uploads)

    clock, bob = get(Tool, "clock"), get(User, BOB)
    stored = get(OptionRow, "openai.api_keys").value
    assert valves.clear(clock.valves) == {"api_key": "open", "zone": "UTC"}
    assert "open" not in str(clock.valves)
    assert "mine" not in str(bob.settings)
    assert "theirs" not in str(stored)
    assert option("OPENAI_API_KEYS") == ["sk-theirs-0123"]


def test_the_newest_settings_count_and_those_that_were_saved_here_stay(old_sqlite, uploads):
    get_options().set({"OPENAI_API_BASE_URLS": ["https://ours.example.com/v1"]})

    report = move_in(old_sqlite.url, uploads)

    assert option("DEFAULT_LOCALE") == "de"
    assert option("OPENAI_API_BASE_URLS") == ["https://ours.example.com/v1"]
    assert report.present["settings"] == 1


def test_a_setting_of_the_wrong_form_is_told_and_left_out(new_database, uploads):
    old = new_database()
    old.add_user(ADA, "admin")
    old.add(
        "config", id=1, data={"ui": {"default_locale": "de", "enable_signup": "perhaps"}}, version=0
    )

    report = move_in(old.url, uploads)

    assert option("DEFAULT_LOCALE") == "de"
    assert report.left_out["settings"] == 1
    assert any("ENABLE_SIGNUP" in line for line in report.lines())
    assert option("ENABLE_SIGNUP") is False


def test_the_bytes_of_a_file_lie_in_the_storage(old_sqlite, uploads):
    move_in(old_sqlite.url, uploads)

    file = get(File, "f")
    content = b"".join(get_storage().read(file.key))
    assert content == b"Rome was built in years."
    assert file.digest == hashlib.sha256(content).hexdigest()
    assert (file.filename, file.content_type, file.size_bytes) == ("notes.txt", "text/plain", 24)
    assert file.meta == {"by": "hand"}


def test_a_missing_upload_is_told_and_found_by_a_later_run(old_sqlite, uploads, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    old_sqlite.add("file", id="empty", user_id=BOB, filename="gone.pdf", data={}, meta={}, **AT)

    first = move_in(old_sqlite.url, elsewhere)
    (uploads / "empty_gone.pdf").write_bytes(b"%PDF-1.7 a document")
    again = move_in(old_sqlite.url, elsewhere)
    last = move_in(old_sqlite.url, uploads)

    told = "\n".join(first.lines())
    assert "empty (gone.pdf): its upload is missing." in told
    assert "f (notes.txt): its upload is missing; its text is kept." in told
    assert again.brought["files"] == 0
    assert last.brought["files"] == 2
    assert get(File, "empty").content_type == "application/pdf"
    assert get(File, "empty").error != MISSING


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/passwd", "uploads/../../secret.txt"])
def test_no_file_outside_of_the_uploads_is_read(new_database, uploads, path):
    (uploads.parent / "secret.txt").write_text("secret")
    (uploads / "passwd").symlink_to("/etc/passwd")
    old = new_database()
    old.add_user(ADA, "admin")
    old.add("file", id="f", user_id=ADA, filename="x", path=path, data={}, meta={}, **AT)

    move_in(old.url, uploads)

    assert get(File, "f").error == MISSING


def test_who_has_an_account_here_keeps_it_and_gets_the_chats(old_sqlite, uploads):
    ours = new_user("admin", "kept")
    with db.transaction():
        accounts.set_email(ours.id, f"{BOB}@example.com")

    report = move_in(old_sqlite.url, uploads)

    assert get(User, BOB) is None
    assert get(Chat, "c").user_id == ours.id
    assert get(Credential, ours.id).password == "kept"
    assert get(Knowledge, "k").access_control["read"]["user_ids"] == [ours.id]
    assert any("has an account here" in line for line in report.lines())


def test_broken_rows_are_told_and_stop_nothing(new_database, uploads):
    old = new_database()
    old.add_user(ADA, "admin")
    old.add_user("nowhere", email="  ")
    old.add("chat", id="broken", user_id=ADA, title="x", chat="{no json", archived=False, **AT)
    old.add("chat", id="listed", user_id=ADA, title="x", chat=[1, 2], archived=False, **AT)
    old.add("chat", id="orphan", user_id="nobody", title="x", chat={}, archived=False, **AT)
    old.add("chat", id="x" * 65, user_id=ADA, title="x", chat={}, archived=False, **AT)
    old.add("chat", id="good", user_id=ADA, title="x", chat={}, archived=False, **AT)
    old.add("function", id="odd", user_id=ADA, name="Odd", type="pump", content="", meta={}, **AT)
    old.add("memory", id="lost", user_id="nobody", content="x", **AT)

    report = move_in(old.url, uploads)

    assert (report.brought["chats"], report.left_out["chats"]) == (1, 4)
    assert report.left_out["accounts"] == 1
    told = "\n".join(report.lines())
    assert "broken: left out, `chat` is no JSON." in told
    assert "orphan: left out, its owner has no account." in told
    assert "odd: left out, 'pump' is no type of function." in told
    assert "lost: left out, its owner has no account." in told


def test_a_chat_whose_messages_are_in_disorder_is_mended(new_database, uploads):
    old = new_database()
    old.add_user(ADA, "admin")
    upsert = {"content": "only this", "model": "alpha"}
    odd = {
        "role": 7,
        "parentId": "gone",
        "content": [{"type": "text", "text": "parts"}],
        "childrenIds": None,
    }
    history = {
        "messages": {"q": message("q"), "u": upsert, "o": odd, "n": None},
        "currentId": "gone",
    }
    old.add("chat", id="c", user_id=ADA, chat={"history": history}, **AT)
    plain = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    old.add(
        "chat", id="old", user_id=ADA, title="x", chat={"messages": plain}, archived=False, **AT
    )

    report = move_in(old.url, uploads)

    assert get(ChatMessage, ("c", "u")).role == "assistant"
    assert get(ChatMessage, ("c", "o")).content == "parts"
    assert get(Chat, "c").current_id == "o"
    assert any("without 1 of its messages" in line for line in report.lines())
    assert get(ChatMessage, ("old", "message-1")).parent_id == "message-0"
    assert get(Chat, "old").current_id == "message-1"


def test_what_a_deleted_account_shared_goes_to_an_admin(new_database, uploads):
    old = new_database()
    old.add_user(ADA, "admin")
    old.add("knowledge", id="k", user_id="nobody", name="Rome", description="", data={}, **AT)
    old.add(
        "tool", id="clock", user_id="nobody", name="Clock", content=SOURCE, specs=[], meta={}, **AT
    )

    move_in(old.url, uploads)

    assert get(Knowledge, "k").user_id == ADA
    assert get(Tool, "clock").user_id == ADA


def test_sign_up_is_closed_where_nobody_has_decided(new_database, uploads):
    old = new_database()
    old.add_user(ADA, "admin")

    move_in(old.url, uploads)

    assert option("ENABLE_SIGNUP") is False


def test_a_database_of_something_else_is_refused(tmp_path, uploads):
    path = tmp_path / "other.db"
    path.write_bytes(b"")

    with pytest.raises(NotReadable, match="no database of Open WebUI"):
        move_in(str(path), uploads)
    with pytest.raises(NotReadable, match="There is no file"):
        move_in(str(tmp_path / "none.db"), uploads)
    with pytest.raises(NotReadable, match="no address"):
        move_in("nonsense://x", uploads)
    with pytest.raises(NotReadable, match="cannot be opened"):
        move_in("postgresql://a@127.0.0.1:1/b", uploads)


def test_a_database_of_a_newer_version_is_refused(old_sqlite, uploads):
    with old_sqlite._engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE chat_message (id TEXT)")

    with pytest.raises(NotReadable, match="newer Open WebUI"):
        move_in(old_sqlite.url, uploads)
