"""Uploads of tests, and a storage of their own."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared import db, storage
from shared.ids import new_id
from shared.models.file import File
from shared.services import files
from shared.services.accounts import Principal
from shared.services.content_types import sniff
from shared.services.files import Stored
from shared.storage.local import LocalStorage
from tests.services.caller import Caller

FILES = "/api/v1/files"


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in which uploads are kept for the time of a test."""
    folder = tmp_path / "uploads"
    storage.get_storage.cache_clear()
    made = LocalStorage(folder)
    monkeypatch.setitem(storage.KINDS, "local", f"{__name__}:_given")
    _made.append(made)
    yield folder
    _made.clear()
    storage.get_storage.cache_clear()


_made: list[LocalStorage] = []


def _given(_settings: Any) -> LocalStorage:
    return _made[-1]


def send(
    caller: Caller, content: bytes, name: str = "notes.txt", query: str = "", **fields: str
) -> Any:
    """Upload a file as a client does; gives the answer."""
    form = {"file": (io.BytesIO(content), name, "application/x-claimed"), **fields}
    headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
    client = caller.app.test_client(use_cookies=False)
    return client.post(
        f"{FILES}/{query}", data=form, headers=headers, content_type="multipart/form-data"
    )


def upload(caller: Caller, content: bytes = b"some words", name: str = "notes.txt", **fields: str):
    """Upload a file that is not processed; gives it as the API shows it."""
    answer = send(caller, content, name, "?process=false", **fields)
    assert answer.status_code == 200, answer.text
    return answer.json


def process(caller: Caller, content: bytes = b"some words", name: str = "notes.txt"):
    """Upload a file and wait until a worker has processed it."""
    answer = send(caller, content, name)
    assert answer.status_code == 200, answer.text
    return answer.json


def file_row(file_id: str) -> File | None:
    """Read a file's row."""
    with db.reading() as session:
        return session.get(File, file_id, populate_existing=True)


def new_file(owner: Principal, content: bytes, name: str = "notes.txt") -> File:
    """Store a file as an upload that is not processed does."""
    file_id = new_id()
    key = files.key_of(file_id, name)
    put = storage.get_storage().begin(key)
    put.write(content)
    put.commit()
    stored = Stored(file_id, name, key, sniff(content, name), len(content), {})
    with db.transaction():
        return files.add(owner.id, stored)
