"""Directories in knowledge bases, and keeping them like a folder elsewhere."""

import hashlib
import json

import pytest

from shared.config.options import get_options
from tests.services.uploading import send

pytestmark = pytest.mark.usefixtures("uploads", "engine", "worker")
KNOWLEDGE = "/api/v1/knowledge"


@pytest.fixture
def base(request, member):
    """The address of a knowledge base of the member's."""
    get_options().set({"USER_PERMISSIONS": {"workspace": {"knowledge": True}}})
    form = {"name": "Base", "description": "", "access_control": {}}
    return f"{KNOWLEDGE}/{member.post(f'{KNOWLEDGE}/create', form).json['id']}"


def make(caller, base, name, parent=None):
    answer = caller.post(f"{base}/dirs/create", {"name": name, "parent_id": parent})
    assert answer.status_code == 200, answer.text
    return answer.json["id"]


def put(caller, base, content, name, directory=None):
    told = {"knowledge_id": base.rpartition("/")[2], "directory_id": directory}
    answer = send(caller, content, name, metadata=json.dumps(told))
    assert answer.status_code == 200, answer.text
    return answer.json["id"]


def listed(caller, base, query=""):
    found = caller.get(f"{base}/files{query}").json
    return [file["filename"] for file in found["items"]], [d["name"] for d in found["directories"]]


def entry(content, name, path=""):
    checksum = hashlib.sha256(content).hexdigest()
    return {"filename": name, "path": path, "checksum": checksum, "size": len(content)}


def test_files_lie_in_directories(each_database, member, base):
    outer = make(member, base, "outer")
    inner = make(member, base, "inner", outer)
    put(member, base, b"one", "one.txt")
    put(member, base, b"two", "two.txt", inner)

    assert listed(member, base) == (["one.txt", "two.txt"], ["outer"])
    assert listed(member, base, f"?directory_id={outer}") == ([], ["inner"])
    assert listed(member, base, f"?directory_id={inner}") == (["two.txt"], [])
    trail = member.get(f"{base}/files?directory_id={inner}").json["breadcrumbs"]
    assert [directory["name"] for directory in trail] == ["outer", "inner"]


def test_a_name_is_needed_and_free(member, base):
    make(member, base, "docs")

    for name in ("docs", "", "a/b", ".."):
        assert member.post(f"{base}/dirs/create", {"name": name}).status_code == 400
    assert member.post(f"{base}/dirs/create", {"name": "x", "parent_id": "no"}).status_code == 404


def test_a_directory_is_renamed_and_moved_but_not_into_itself(member, base):
    outer, other = make(member, base, "outer"), make(member, base, "other")
    inner = make(member, base, "inner", outer)

    renamed = member.post(f"{base}/dirs/{inner}/update", {"name": "new"}).json
    moved = member.post(f"{base}/dirs/{inner}/update", {"parent_id": other}).json
    around = member.post(f"{base}/dirs/{other}/update", {"parent_id": inner})

    assert (renamed["name"], renamed["parent_id"]) == ("new", outer)
    assert (moved["name"], moved["parent_id"]) == ("new", other)
    assert around.status_code == 400


@pytest.mark.parametrize(("query", "left"), [("", ["a.txt"]), ("?move_files=false", [])])
def test_a_deleted_directory_gives_its_files_up_or_keeps_them(
    each_database, member, base, query, left
):
    outer = make(member, base, "outer")
    put(member, base, b"words", "a.txt", make(member, base, "inner", outer))

    assert member.delete(f"{base}/dirs/{outer}/delete{query}").json is True

    assert listed(member, base) == (left, [])


def test_a_file_is_moved(member, base):
    directory, file_id = make(member, base, "docs"), put(member, base, b"words", "a.txt")

    moved = member.post(f"{base}/file/move", {"file_id": file_id, "directory_id": directory})

    assert moved.json is True
    assert listed(member, base, f"?directory_id={directory}")[0] == ["a.txt"]
    assert member.post(f"{base}/file/move", {"file_id": "nowhere"}).status_code == 400


def test_others_change_nothing(member, other, base):
    directory = make(member, base, "docs")
    paths = [
        ("POST", "dirs/create", {"name": "x"}),
        ("POST", f"dirs/{directory}/update", {"name": "x"}),
        ("DELETE", f"dirs/{directory}/delete", None),
        ("POST", "file/move", {"file_id": "x"}),
        ("POST", "sync/diff", {"manifest": []}),
        ("POST", "sync/cleanup", {"file_ids": []}),
    ]

    for method, path, body in paths:
        assert other.send(method, f"{base}/{path}", body).status_code == 404, path


def test_a_folder_elsewhere_is_compared_and_followed(each_database, member, base):
    old = make(member, base, "old")
    same, changed = put(member, base, b"same", "same.txt"), put(member, base, b"v1", "changed.txt")
    gone = put(member, base, b"gone", "gone.txt", old)
    manifest = [
        entry(b"same", "same.txt"),
        entry(b"v2", "changed.txt"),
        entry(b"new", "new.txt", "docs/api"),
    ]

    found = member.post(f"{base}/sync/diff", {"manifest": manifest}).json
    cleared = member.post(f"{base}/sync/cleanup", {"file_ids": [gone, changed], "dir_ids": [old]})

    assert found == {
        "added": [{"filename": "new.txt", "path": "docs/api"}],
        "modified": [{"filename": "changed.txt", "path": "", "stale_file_id": changed}],
        "deleted": [{"file_id": gone, "filename": "gone.txt"}],
        "mkdir": ["docs", "docs/api"],
        "rmdir": [old],
        "unmodified_count": 1,
        "directory_map": {"old": old},
    }
    assert cleared.json is True
    assert listed(member, base) == (["same.txt"], [])
    assert member.get(f"/api/v1/files/{same}").status_code == 200
    assert member.get(f"/api/v1/files/{gone}").status_code == 404
