"""The `owui-client` library, made for 0.12.4, with files, knowledge bases and memories."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from owui_client.client import OpenWebUI
from owui_client.models import knowledge, memories

from tests.services.client import Account

Run = Callable[[Callable[[OpenWebUI], Awaitable[Any]]], Any]
PLANETS = b"Mars has two moons, Phobos and Deimos."


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    return {"compute": 1, "quick": 1}


@pytest.fixture
def run(alice: Account) -> Run:
    """Run what is to be done with a client of Alice's."""

    def start(action: Callable[[OpenWebUI], Awaitable[Any]]) -> Any:
        client = OpenWebUI(api_url=f"{alice.base}/api", api_key=alice.token)
        return asyncio.run(action(client))

    return start


def test_files_are_uploaded_found_read_renamed_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        sent = ("planets.txt", PLANETS)
        file = await client.files.upload_file(sent, {"from": "me"}, process_in_background=False)
        assert file.data is not None
        assert file.data["status"] == "completed"
        assert (await client.files.get_file_process_status(file.id))["status"] == "completed"
        assert await client.files.get_file_content_by_id(file.id) == PLANETS
        changed = await client.files.update_file_data_content_by_id(file.id, "Venus has none.")
        assert changed["content"] == "Venus has none."
        assert [f.id for f in await client.files.search_files("PLAN*")] == [file.id]
        renamed = await client.files.rename_file_by_id(file.id, "venus.txt")
        assert renamed is not None
        assert renamed.filename == "venus.txt"
        assert await client.files.count_files() == 1
        await client.files.delete_file_by_id(file.id)
        assert await client.files.count_files() == 0

    run(act)


def test_a_knowledge_base_is_made_filled_shared_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        form = knowledge.KnowledgeForm(name="Sky", description="planets")
        base = await client.knowledge.create_new_knowledge(form)
        file = await client.files.upload_file(("planets.txt", PLANETS))
        added = await client.knowledge.add_file_to_knowledge(base.id, file.id)
        assert [one.id for one in added.files] == [file.id]
        assert added.write_access is True
        assert (await client.knowledge.get_knowledge()).total == 1
        assert (await client.knowledge.search_knowledge_bases("sky")).items[0].file_count == 1
        assert (await client.knowledge.search_knowledge_files("PLANETS")).total == 1
        assert await client.knowledge.get_pending_knowledge_files(base.id) == []
        grant = {"principal_type": "user", "principal_id": "*", "permission": "read"}
        shared = await client.knowledge.update_knowledge_access(base.id, [grant])
        assert shared.access_control is None
        await client.knowledge.update_file_from_knowledge(base.id, file.id)
        await client.knowledge.remove_file_from_knowledge(base.id, file.id)
        assert (await client.knowledge.get_knowledge_by_id(base.id)).files == []
        assert await client.knowledge.delete_knowledge_by_id(base.id) is True

    run(act)


def test_a_folder_is_kept_the_same(run: Run):
    async def act(client: OpenWebUI) -> None:
        form = knowledge.KnowledgeForm(name="Folder", description="")
        base = await client.knowledge.create_new_knowledge(form)
        manifest = knowledge.SyncDiffForm(manifest=[_entry("planets.txt", "sky", PLANETS)])
        first = await client.knowledge.sync_knowledge_diff(base.id, manifest)
        assert first.mkdir == ["sky"]
        made = await client.knowledge.create_knowledge_directory(
            base.id, knowledge.KnowledgeDirectoryCreateForm(name="sky")
        )
        told = {"knowledge_id": base.id, "directory_id": made.id}
        await client.files.upload_file(("planets.txt", PLANETS), told, process_in_background=False)
        second = await client.knowledge.sync_knowledge_diff(base.id, manifest)
        assert (second.unmodified_count, second.added, second.modified) == (1, [], [])
        empty = knowledge.SyncDiffForm(manifest=[])
        third = await client.knowledge.sync_knowledge_diff(base.id, empty)
        clear = knowledge.SyncCleanupForm(
            file_ids=[one["file_id"] for one in third.deleted], dir_ids=third.rmdir
        )
        assert await client.knowledge.sync_knowledge_cleanup(base.id, clear) is True
        assert (await client.knowledge.get_knowledge_by_id(base.id)).files == []

    run(act)


def _entry(name: str, path: str, content: bytes) -> knowledge.FileManifestEntry:
    checksum = hashlib.sha256(content).hexdigest()
    return knowledge.FileManifestEntry(
        filename=name, path=path, checksum=checksum, size=len(content)
    )


def test_memories_are_kept_found_and_forgotten(run: Run):
    async def act(client: OpenWebUI) -> None:
        await client.memories.add_memory(memories.AddMemoryForm(content="My dog is called Rex."))
        await client.memories.add_memory(memories.AddMemoryForm(content="I bake bread."))
        found = await client.memories.query_memory(memories.QueryMemoryForm(content="a pet's name"))
        assert found["documents"] == [["My dog is called Rex."]]
        assert await client.memories.reset_memory_from_vector_db() is True
        assert len(await client.memories.get_memories()) == 2
        assert await client.memories.delete_memory_by_user_id() is True

    run(act)
