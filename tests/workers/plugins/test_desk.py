"""What plugins may look at and keep for their user: what is the user's, and nothing of others."""

import base64

import pytest

from shared import db
from shared.models.job import COMPLETED
from shared.services import files, memories
from shared.storage import get_storage
from tests.services.painting import use
from tests.services.plugging import plug
from tests.services.things import message, new_chat, new_user, offer, row_of
from tests.services.waiting import wait_until
from workers.plugins import PluginFailed
from workers.plugins.desk.storing import keep_file
from workers.plugins.listening import UserListener
from workers.providers.line import Cut

pytestmark = pytest.mark.usefixtures("world", "plugins_end", "uploads")

SOURCE = """
    import io
    from fastapi import UploadFile
    from starlette.datastructures import Headers
    from open_webui.models.chats import Chats
    from open_webui.models.files import FileForm, Files
    from open_webui.models.memories import Memories
    from open_webui.models.models import Models
    from open_webui.models.users import Users
    from open_webui.routers.files import upload_file
    from open_webui.routers.images import GenerateImageForm, image_generations
    from open_webui.routers.memories import (
        AddMemoryForm, QueryMemoryForm, add_memory, delete_memory_by_id, query_memory,
    )
    from open_webui.storage.provider import Storage
    from open_webui.utils.models import get_all_models

    class Tools:
        def chat(self, id: str):
            found = Chats.get_chat_by_id(id)
            if found is None:
                return None
            told = Chats.get_messages_by_chat_id(id)
            return [found.title, found.chat["history"]["currentId"], sorted(told)]

        async def chats(self, user_id: str):
            listed = await Chats.get_chat_list_by_user_id(user_id, skip=0, limit=10)
            whole = Chats.get_chats_by_user_id(user_id)
            return [[one.title for one in listed], [sorted(one.chat) for one in whole]]

        async def models(self, __request__):
            row = Models.get_model_by_id("alpha")
            named = [one["id"] for one in await get_all_models(__request__, user=None)]
            about = [row.name, row.params.model_dump(), row.meta.description]
            return [named, list(__request__.app.state.MODELS), about, Models.get_model_by_id("x")]

        def file(self, id: str):
            found = Files.get_file_by_id(id)
            if found is None:
                return None
            with open(Storage.get_file(found.path), "rb") as file:
                return [found.filename, found.meta["name"], file.read().decode()]

        def read(self, path: str):
            return Storage.get_file(path)

        def keep(self, user_id: str):
            _, path = Storage.upload_file(io.BytesIO(b"first"), "a.txt", {})
            form = FileForm(id="x", filename="a.txt", path=path, meta={"name": "a"})
            first = Files.insert_new_file(user_id, form)
            upload = UploadFile(io.BytesIO(b"second"), filename="b.txt", headers=Headers({}))
            second = upload_file(None, upload, user=Users.get_user_by_id(user_id))
            listed = Files.get_files_by_user_id(user_id)
            return [[one.id for one in listed], [first.id, second.id]]

        async def remember(self, user_id: str):
            made = await add_memory(None, AddMemoryForm(content="likes tea"), None)
            before = [one.content for one in Memories.get_memories_by_user_id(user_id)]
            await delete_memory_by_id(made.id, user=None)
            return [before, len(Memories.get_memories_by_user_id(user_id))]

        async def recall(self, words: str):
            found = await query_memory(None, QueryMemoryForm(content=words, k=2), user=None)
            return found.documents

        async def forget(self, id: str):
            return await delete_memory_by_id(id, user=None)

        async def paint(self):
            return await image_generations(None, GenerateImageForm(prompt="a cat"), user=None)
"""


@pytest.fixture
def owner():
    return new_user()


@pytest.fixture
def call(owner):
    plugin = plug(SOURCE)

    def make(name, **arguments):
        extras = {"__user__": {"id": owner.id, "name": owner.name}}
        return plugin.call(name, arguments, extras, UserListener(owner.id))

    return make


def kept(owner, content, name="notes.txt"):
    """Keep a file as a plugin does."""
    packed = base64.b64encode(content).decode()
    return keep_file(owner, {"content": packed, "filename": name}, print, Cut())


def test_a_chat_of_the_user_is_given_whole_and_anothers_not_at_all(owner, call):
    mine = new_chat(owner, message("q"), message("a", "q", "assistant"), title="Mine")
    theirs = new_chat(new_user(), message("q"), title="Theirs")

    assert call("chat", id=mine.id) == ["Mine", "a", ["a", "q"]]
    assert call("chat", id=theirs.id) is None
    assert call("chat", id="none") is None


def test_chats_are_the_users_whoever_is_named(owner, call):
    new_chat(owner, message("q"), title="Mine")
    stranger = new_user()
    new_chat(stranger, message("q"), title="Theirs")

    titles, whole = call("chats", user_id=stranger.id)

    assert titles == ["Mine"]
    assert "history" in whole[0]


def test_models_are_those_that_the_user_may_use(call):
    offer("alpha")
    offer("alpha", "hidden", public=False)

    named, by_id, (name, params, description), missing = call("models")

    assert named == by_id == ["alpha"]
    assert (name, params, description, missing) == ("alpha", {}, None, None)


def test_a_file_of_the_user_is_read_and_anothers_not(owner, call):
    mine, theirs = kept(owner, "héllo".encode()), kept(new_user(), b"secret")

    assert call("file", id=mine["id"]) == ["notes.txt", "notes.txt", "héllo"]
    assert call("file", id=theirs["id"]) is None
    with pytest.raises(PluginFailed):
        call("read", path=theirs["path"])


@pytest.mark.parametrize("path", ["uploads/../../etc/passwd", "/etc/hostname", "", "uploads/x_y"])
def test_a_path_of_this_machine_leads_nowhere(call, path):
    with pytest.raises(PluginFailed):
        call("read", path=path)


def test_a_file_of_several_pieces_is_read_whole(owner, call):
    content = b"0123456789" * 200_000

    mine = kept(owner, content)

    assert call("file", id=mine["id"])[2] == content.decode()


def test_what_a_plugin_keeps_is_a_file_of_the_user(owner, call):
    listed, made = call("keep", user_id=owner.id)

    assert sorted(listed) == sorted(made)
    with db.reading():
        first, second = files.find_all(owner, made)
    assert b"".join(get_storage().read(first.key)) == b"first"
    assert b"".join(get_storage().read(second.key)) == b"second"


def test_memories_are_added_listed_and_forgotten(owner, call):
    assert call("remember", user_id=owner.id) == [["likes tea"], 0]


def test_anothers_memory_is_not_forgotten(call):
    with db.transaction():
        memory, _ = memories.add(new_user().id, "likes tea")

    with pytest.raises(PluginFailed, match="Memory not found"):
        call("forget", id=memory.id)


def test_memories_are_found_by_what_they_are_about(owner, call, engine, worker):
    with db.transaction():
        _, job_id = memories.add(owner.id, "likes green tea")
    wait_until(lambda: row_of(job_id).status == COMPLETED, 10, "the memory")

    assert call("recall", words="which tea") == [["likes green tea"]]


def test_a_picture_is_painted_and_is_the_users(owner, call, painter, worker):
    use("openai")

    [picture] = call("paint")

    file_id = picture["url"].split("/")[-2]
    with db.reading():
        assert files.find(owner, file_id).content_type == "image/png"


def test_a_picture_is_not_painted_where_none_are(call):
    with pytest.raises(PluginFailed, match="ENABLE_IMAGE_GENERATION"):
        call("paint")
