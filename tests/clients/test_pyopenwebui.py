"""The `pyopenwebui` library, generated from Open WebUI's own document of 0.6."""

from typing import Any

import pytest
from pyopenwebui import APIStatusError, Pyopenwebui

from tests.services.client import Account
from tests.services.things import body_of, message


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    return {"inference": 0}


@pytest.fixture
def client(alice: Account) -> Pyopenwebui:
    return Pyopenwebui(bearer_token=alice.token, base_url=alice.base, max_retries=0)


def test_chats_are_made_listed_changed_found_and_deleted(client: Pyopenwebui):
    chats = client.api.v1.chats
    chat = chats.create(chat=body_of(message("q"), message("a", "q", "assistant")))
    assert chat is not None
    changed = chats.update_by_id(chat.id, chat={"title": "Renamed"})

    assert changed is not None
    assert (changed.title, chats.get_by_id(chat.id)) == ("Renamed", changed)
    assert [found.id for found in chats.search(text="renam")] == [chat.id]
    assert [listed.id for listed in chats.get(page=1)] == [chat.id]
    assert chats.delete_by_id(chat.id) is True
    with pytest.raises(APIStatusError) as gone:
        chats.get_by_id(chat.id)
    assert gone.value.status_code == 401


def test_folders_are_made_and_listed(client: Pyopenwebui):
    folders: Any = client.api.v1.folders
    made = folders.create(name="Plans")

    assert [folder.id for folder in folders.get()] == [made["id"]]
