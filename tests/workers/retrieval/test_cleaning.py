"""Clearing away what belongs to rows that are gone."""

import pytest

from shared import db, storage
from shared.models.job import COMPLETED
from shared.services import indexing
from shared.storage import StorageFailed
from shared.storage.local import LocalStorage
from tests.services.inside import sent
from workers import base
from workers.retrieval import cleaning

pytestmark = pytest.mark.usefixtures("world", "uploads")


def test_a_storage_that_is_away_is_waited_for(monkeypatch):
    upload = storage.get_storage().begin("key")
    upload.commit()
    failures = [StorageFailed(), StorageFailed()]
    delete = LocalStorage.delete

    def fail_at_first(self, key):
        if failures:
            raise failures.pop()
        delete(self, key)

    monkeypatch.setattr(LocalStorage, "delete", fail_at_first)
    monkeypatch.setattr(cleaning, "_FIRST_PAUSE_S", 0.01)
    with db.transaction():
        indexing.clean_up(objects=["key", "gone already"])

    assert base.run(sent("default")[0]) == COMPLETED
    with pytest.raises(storage.Missing):
        storage.get_storage().size("key")
