"""One suite over all storages: a folder, and a bucket of a real S3 server."""

import os
import time

import pytest

from shared import storage
from shared.config.settings import BadSetting, load
from shared.storage import Missing, StorageFailed
from shared.storage.local import LocalStorage
from tests.services.waiting import free_ports

SMALL = b"some bytes\x00\xff"
# More than two parts of S3, and no whole number of them.
LARGE = os.urandom(1024 * 1024) * 11 + b"the end"
PIECE = 300_000


def bucket(endpoint, name="tests"):
    from shared.storage.s3 import make

    env = {
        "STORAGE_PROVIDER": "s3",
        "S3_ENDPOINT_URL": endpoint,
        "S3_BUCKET_NAME": name,
        "S3_KEY_PREFIX": "some/folder",
        "S3_ACCESS_KEY_ID": "k",
        "S3_SECRET_ACCESS_KEY": "s",
        "S3_REGION_NAME": "us-east-1",
        "S3_ADDRESSING_STYLE": "path",
    }
    return make(load(env))


@pytest.fixture(scope="module")
def s3_storage(s3):
    return bucket(s3.endpoint, s3.bucket)


@pytest.fixture(params=["local", "s3"])
def store(request, tmp_path):
    if request.param == "s3":
        return request.getfixturevalue("s3_storage")
    return LocalStorage(tmp_path / "uploads")


def put(store, key, content):
    upload = store.begin(key)
    for start in range(0, len(content), PIECE):
        upload.write(content[start : start + PIECE])
    upload.commit()


def whole(store, key, *span):
    return b"".join(store.read(key, *span))


@pytest.mark.parametrize("content", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_what_was_written_is_read_again(store, content):
    put(store, "whole", content)

    assert whole(store, "whole") == content
    assert store.size("whole") == len(content)


def test_a_part_is_read_from_its_first_byte_on(store):
    put(store, "span", b"0123456789")

    assert whole(store, "span", 3) == b"3456789"
    assert whole(store, "span", 3, 4) == b"3456"
    assert whole(store, "span", 0, 0) == b""


def test_an_object_is_not_there_before_its_end(store):
    upload = store.begin("unseen")
    upload.write(LARGE)

    with pytest.raises(Missing):
        store.size("unseen")
    upload.abort()


def test_an_upload_that_was_given_up_leaves_nothing(store):
    upload = store.begin("given-up")
    upload.write(LARGE)

    upload.abort()
    upload.abort()

    with pytest.raises(Missing):
        store.read("given-up")


def test_a_second_object_replaces_the_first(store):
    put(store, "twice", LARGE)
    put(store, "twice", SMALL)

    assert whole(store, "twice") == SMALL


def test_a_replacement_that_was_given_up_leaves_the_first(store):
    put(store, "kept", SMALL)
    upload = store.begin("kept")
    upload.write(LARGE)

    upload.abort()

    assert whole(store, "kept") == SMALL


def test_what_was_deleted_is_gone_and_may_be_deleted_again(store):
    put(store, "gone", SMALL)

    store.delete("gone")
    store.delete("gone")

    with pytest.raises(Missing):
        store.read("gone")
    with pytest.raises(Missing):
        store.size("gone")


def test_an_object_is_lent_as_a_file(store):
    put(store, "lent", LARGE)

    with store.as_file("lent") as path:
        assert path.read_bytes() == LARGE
    with pytest.raises(Missing), store.as_file("absent"):
        pass


def test_what_was_half_written_long_ago_is_cleared_away(store):
    put(store, "whole", SMALL)
    old, young = store.begin("old"), store.begin("young")
    old.write(LARGE)

    store.clear_unfinished(time.time() - 60)
    old.write(LARGE)
    store.clear_unfinished(time.time() + 60)

    with pytest.raises(StorageFailed):
        old.commit()
    young.abort()
    assert whole(store, "whole") == SMALL


def test_a_server_that_is_not_there_is_told_in_our_words():
    nowhere = bucket(f"http://127.0.0.1:{free_ports(1)}")

    with pytest.raises(StorageFailed, match="storage"):
        put(nowhere, "key", SMALL)


def test_a_full_disk_fails_the_upload_and_leaves_nothing(tmp_path, monkeypatch):
    store = LocalStorage(tmp_path)
    upload = store.begin("big")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    upload.write(SMALL)
    with pytest.raises(StorageFailed):
        upload.commit()

    assert list(tmp_path.iterdir()) == []


def test_the_setting_chooses_the_storage(configure, s3, tmp_path):
    configure(data_dir=tmp_path)
    storage.get_storage.cache_clear()
    local = storage.get_storage()

    configure(
        storage_provider="s3",
        s3_bucket_name=s3.bucket,
        s3_endpoint_url=s3.endpoint,
        s3_region_name="us-east-1",
    )
    storage.get_storage.cache_clear()
    remote = storage.get_storage()
    storage.get_storage.cache_clear()

    assert [type(local).__name__, type(remote).__name__] == ["LocalStorage", "S3Storage"]


def test_s3_without_a_bucket_stops_the_start():
    with pytest.raises(BadSetting, match="S3_BUCKET_NAME"):
        load({"STORAGE_PROVIDER": "s3"})
