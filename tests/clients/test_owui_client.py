"""The `owui-client` library, made for 0.12.4: it checks every answer against its own forms."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from owui_client.client import OpenWebUI
from owui_client.models import channels, chats, folders
from owui_client.models.messages import MessageForm

from tests.services.client import Account
from tests.services.things import body_of, message

Run = Callable[[Callable[[OpenWebUI], Awaitable[Any]]], Any]
BODY = body_of(message("q"), message("a", "q", "assistant"))


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    return {"inference": 0}


@pytest.fixture
def run(alice: Account) -> Run:
    """Run what is to be done with a client of Alice's."""

    def start(action: Callable[[OpenWebUI], Awaitable[Any]]) -> Any:
        client = OpenWebUI(api_url=f"{alice.base}/api", api_key=alice.token)
        return asyncio.run(action(client))

    return start


async def new_chat(client: OpenWebUI) -> chats.ChatModel:
    return await client.chats.create_new(chats.ChatForm(chat=BODY))


def test_chats_are_made_listed_changed_found_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        chat = await new_chat(client)
        changed = await client.chats.update(chat.id, chats.ChatForm(chat={"title": "Renamed"}))
        assert changed.title == "Renamed"
        assert chat.id in [c.id for c in await client.chats.get_list(page=1)]
        assert chat.id in [c.id for c in await client.chats.search("renam")]
        edited = await client.chats.update_message(chat.id, "q", chats.MessageForm(content="New"))
        assert edited.chat["history"]["messages"]["q"]["content"] == "New"
        event = chats.EventForm(type="status", data={"description": "x"})
        assert await client.chats.send_message_event(chat.id, "q", event) is True
        assert await client.chats.delete(chat.id) is True
        assert chat.id not in [c.id for c in await client.chats.get_all()]

    run(act)


def test_chats_are_pinned_tagged_archived_and_brought_back(run: Run):
    async def act(client: OpenWebUI) -> None:
        chat = await new_chat(client)
        await client.chats.pin(chat.id)
        assert [c.id for c in await client.chats.get_pinned()] == [chat.id]
        assert await client.chats.get_pinned_status(chat.id) is True
        tags = await client.chats.add_tag(chat.id, chats.TagForm(name="Big Ideas"))
        assert [tag.id for tag in tags] == ["big_ideas"]
        found = await client.chats.get_by_tags(chats.TagFilterForm(name="big_ideas"))
        assert [c.id for c in found] == [chat.id]
        await client.chats.archive(chat.id)
        assert await client.chats.get_archived_count() == 1
        archived = await client.chats.get_archived_list(page=1, order_by="title", direction="asc")
        assert [c.id for c in archived] == [chat.id]
        assert await client.chats.unarchive_all() is True
        assert await client.chats.delete_all() is True

    run(act)


def test_chats_are_shared_copied_imported_and_counted(run: Run, alice: Account):
    async def act(client: OpenWebUI) -> None:
        chat = await new_chat(client)
        shared = await client.chats.share(chat.id)
        assert (await client.chats.get_shared(shared.share_id)).chat["history"]
        assert (await client.chats.clone_shared(shared.share_id)).user_id == alice.id
        assert await client.chats.delete_shared(chat.id) is True
        assert (await client.chats.clone(chat.id, chats.CloneForm(title="T"))).title == "T"
        assert (await client.chats.fork(chat.id)).chat["originalChatId"] == chat.id
        form = chats.ChatsImportForm(chats=[chats.ChatImportForm(chat=BODY, created_at=7)])
        assert [c.created_at for c in await client.chats.import_chats(form)] == [7]
        assert (await client.chats.get_chat_usage_stats()).total == 5
        assert (await client.chats.export_single_chat_stats(chat.id)).stats.message_count == 2
        assert len(await client.chats.get_user_list(alice.id, page=1)) == 5
        assert await client.chats.delete_all() is True

    run(act)


def test_folders_are_made_filled_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        folder = await client.folders.create_folder(folders.FolderForm(name="Plans"))
        chat = await new_chat(client)
        await client.chats.update_folder(chat.id, chats.ChatFolderIdForm(folder_id=folder.id))
        assert [c["id"] for c in await client.chats.get_list_by_folder_id(folder.id)] == [chat.id]
        form = folders.FolderUpdateForm(name="Renamed", data={"files": []})
        renamed = await client.folders.update_folder_name_by_id(folder.id, form)
        assert (renamed.name, renamed.data) == ("Renamed", {"files": []})
        assert [f.id for f in await client.folders.get_folders()] == [folder.id]
        assert await client.folders.delete_folder_by_id(folder.id, delete_contents=False) is True
        assert (await client.chats.get(chat.id)).folder_id is None

    run(act)


def test_channels_are_opened_written_in_and_closed(run: Run, alice: Account):
    async def act(client: OpenWebUI) -> None:
        room = await client.channels.create(channels.CreateChannelForm(name="Room"))
        assert room.access_grants[0].resource_id == room.id
        first = await client.channels.post_message(room.id, MessageForm(content="Hello"))
        await client.channels.post_message(room.id, MessageForm(content="You", parent_id=first.id))
        await client.channels.add_reaction(room.id, first.id, "heart")
        (shown,) = await client.channels.get_messages(room.id)
        assert (shown.reply_count, shown.user.id) == (1, alice.id)
        thread = await client.channels.get_thread_messages(room.id, first.id)
        assert [m.content for m in thread] == ["You", "Hello"]
        await client.channels.update_message(room.id, first.id, MessageForm(content="Hi"))
        assert (await client.channels.get_message(room.id, first.id)).content == "Hi"
        assert await client.channels.delete_message(room.id, first.id) is True
        assert await client.channels.delete(room.id) is True

    run(act)
