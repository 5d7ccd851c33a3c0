"""Knowledge bases over HTTP: whose they are, which files are in them, what is refused."""

import json

import pytest

from shared import db
from shared.config.options import get_options
from shared.models.catalogue import ModelRow
from tests.services.searching import texts_in
from tests.services.things import describe
from tests.services.uploading import FILES, file_row, process, send, upload
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("uploads", "engine")
KNOWLEDGE = "/api/v1/knowledge"
ALLOWED = {"workspace": {"knowledge": True}, "sharing": {"public_knowledge": True}}


@pytest.fixture(autouse=True)
def _allowed(world, request):
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    get_options().set({"USER_PERMISSIONS": ALLOWED})


def create(caller, **more):
    form = {"name": "Manuals", "description": "of machines", "access_control": {}, **more}
    answer = caller.post(f"{KNOWLEDGE}/create", form)
    assert answer.status_code == 200, answer.text
    return answer.json


def add(caller, knowledge, *files):
    url = f"{KNOWLEDGE}/{knowledge['id']}"
    if len(files) == 1:
        return caller.post(f"{url}/file/add", {"file_id": files[0]["id"]})
    return caller.post(f"{url}/files/batch/add", [{"file_id": file["id"]} for file in files])


def files_in(caller, knowledge):
    return caller.get(f"{KNOWLEDGE}/{knowledge['id']}").json["data"]["file_ids"]


def shared_with(action, *users):
    return {action: {"user_ids": [user.id for user in users], "group_ids": []}}


def test_a_new_knowledge_base_comes_back_as_it_is_stored(each_database, member):
    made = create(member, data={"file_ids": ["made up"], "colour": "red"})

    assert (made["name"], made["description"], made["user_id"]) == (
        "Manuals",
        "of machines",
        member.id,
    )
    assert (made["data"], made["files"]) == ({"file_ids": [], "colour": "red"}, [])
    shown = member.get(f"{KNOWLEDGE}/{made['id']}").json
    assert shown == {**made, "write_access": True}


def test_nonsense_in_who_may_read_it_is_refused(member):
    for control in ({"read": "everybody"}, {"read": {"user_ids": 1}}, []):
        form = {"name": "x", "description": "", "access_control": control}
        assert member.post(f"{KNOWLEDGE}/create", form).status_code == 422


def test_who_lacks_the_permission_makes_none(member, admin):
    get_options().set({"USER_PERMISSIONS": {}})
    form = {"name": "Manuals", "description": ""}

    assert member.post(f"{KNOWLEDGE}/create", form).status_code == 401
    assert admin.post(f"{KNOWLEDGE}/create", form).status_code == 200


def test_who_may_not_share_with_everybody_keeps_it_private(member, other):
    get_options().set({"USER_PERMISSIONS": {"workspace": {"knowledge": True}}})

    made = create(member, access_control=None)

    assert made["access_control"] == {}
    assert other.get(f"{KNOWLEDGE}/").json == []


def test_a_name_is_needed(member):
    form = {"name": "  ", "description": ""}

    assert member.post(f"{KNOWLEDGE}/create", form).status_code == 400
    assert member.post(f"{KNOWLEDGE}/create", {"name": "x"}).status_code == 422


def test_each_sees_and_changes_what_was_shared(each_database, member, other, admin):
    create(member, name="private")
    create(member, name="public", access_control=None)
    create(member, name="read", access_control=shared_with("read", other))
    both = {**shared_with("read", other), **shared_with("write", other)}
    create(member, name="write", access_control=both)

    def names(caller, path=""):
        return {one["name"] for one in caller.get(f"{KNOWLEDGE}/{path}").json}

    assert names(other) == {"public", "read", "write"}
    assert names(other, "list") == {"write"}
    assert names(member, "list") == names(admin) == {"private", "public", "read", "write"}


def test_a_list_names_the_owner_and_has_pages(member, other):
    create(member, access_control=None)

    page = other.get(f"{KNOWLEDGE}/?page=1").json

    assert page["total"] == 1
    assert page["items"][0]["user"]["id"] == member.id
    assert other.get(f"{KNOWLEDGE}/?page=2").json == {"items": [], "total": 1}


def test_others_neither_read_nor_change_it(member, other):
    made = create(member)
    url = f"{KNOWLEDGE}/{made['id']}"
    form = {"name": "mine", "description": ""}

    assert other.get(url).status_code == 401
    assert other.get(f"{url}/files").status_code == 401
    assert other.post(f"{url}/update", form).status_code == 400
    assert other.post(f"{url}/reset").status_code == 400
    assert other.delete(f"{url}/delete").status_code == 400
    for path in ("file/add", "file/update", "file/remove"):
        assert other.post(f"{url}/{path}", {"file_id": "x"}).status_code == 400
    assert other.post(f"{url}/files/batch/add", []).status_code == 400
    assert member.get(url).json == {**made, "write_access": True}


def test_an_update_keeps_the_files(member, worker):
    made, file = create(member), process(member)
    add(member, made, file)

    form = {"name": "Other", "description": "words"}
    changed = member.post(f"{KNOWLEDGE}/{made['id']}/update", form).json

    assert (changed["name"], changed["data"]["file_ids"]) == ("Other", [file["id"]])


def test_a_processed_file_is_added_and_removed_with_its_row(each_database, member, worker, uploads):
    made, file = create(member), process(member)

    added = add(member, made, file)

    assert added.status_code == 200, added.text
    assert [one["id"] for one in added.json["files"]] == [file["id"]]
    listed = member.get(f"{KNOWLEDGE}/{made['id']}/files").json
    assert (listed["total"], listed["items"][0]["id"]) == (1, file["id"])
    url = f"{KNOWLEDGE}/{made['id']}/file/remove"
    assert member.post(url, {"file_id": file["id"]}).json["files"] == []
    assert file_row(file["id"]) is None
    wait_until(lambda: not list(uploads.iterdir()), 10, "the object is gone")


def test_an_upload_goes_into_the_knowledge_base_that_it_names(member, other, worker, uploads):
    made = create(member)
    told = json.dumps({"knowledge_id": made["id"]})

    refused = send(other, b"theirs", metadata=told)
    file = send(member, b"mine", metadata=told).json

    assert refused.status_code == 404
    assert [path.name for path in uploads.iterdir()] == [file["path"]]
    assert files_in(member, made) == [file["id"]]
    assert texts_in(made["id"]) == ["mine"]


def test_a_removed_file_stays_where_another_has_it_or_it_is_wanted(member, worker):
    first, second, file = create(member), create(member), process(member)
    add(member, first, file)
    add(member, second, file)
    form = {"file_id": file["id"]}

    member.post(f"{KNOWLEDGE}/{first['id']}/file/remove", form)
    member.post(f"{KNOWLEDGE}/{second['id']}/file/remove?delete_file=false", form)

    assert files_in(member, first) == files_in(member, second) == []
    assert file_row(file["id"]) is not None


def test_several_files_are_added_at_once_or_none(member, worker):
    made, one, two = create(member), process(member, b"one"), process(member, b"two")

    assert add(member, made, one, {"id": "nowhere"}).status_code == 400
    assert files_in(member, made) == []
    assert add(member, made, one, two).status_code == 200
    assert set(files_in(member, made)) == {one["id"], two["id"]}


def test_a_file_without_text_is_refused(member, worker):
    made = create(member)
    raw, broken = upload(member), process(member, b"\x00\x01", "blob.bin")
    picture = process(member, b"\x89PNG\r\n\x1a\n....", "a.png")

    for file in (raw, broken, picture):
        answer = add(member, made, file)
        assert answer.status_code == 400
        assert file["filename"] in answer.json["detail"]
    assert files_in(member, made) == []


def test_the_same_text_is_refused_a_second_time(member, worker):
    made = create(member)
    add(member, made, process(member, b"the same"))

    answer = add(member, made, process(member, b"the same", "copy.txt"))

    assert answer.status_code == 400
    assert "Duplicate content" in answer.json["detail"]
    assert len(files_in(member, made)) == 1


def test_adding_a_file_again_changes_nothing(member, worker):
    made, file = create(member), process(member)

    assert add(member, made, file).status_code == add(member, made, file).status_code == 200
    assert files_in(member, made) == [file["id"]]


def test_nobody_adds_what_is_not_his_to_change(member, other, worker):
    theirs = process(other)
    public = create(other, access_control=None)
    add(other, public, theirs)
    mine = create(member)

    assert member.get(f"{FILES}/{theirs['id']}").status_code == 200
    assert add(member, mine, theirs).status_code == 400


def test_who_reads_a_knowledge_base_reads_its_files(member, other, worker):
    file = process(member)
    url = f"{FILES}/{file['id']}"
    made = create(member, access_control=shared_with("read", other))
    assert other.get(url).status_code == 404

    add(member, made, file)

    assert other.get(url).status_code == other.get(f"{url}/content").status_code == 200
    assert other.delete(url).status_code == 404
    assert other.post(f"{url}/data/content/update", {"content": "x"}).status_code == 404


def test_a_file_is_searched_by_its_new_text(member, worker):
    made, file = create(member), process(member)
    add(member, made, file)
    url = f"{KNOWLEDGE}/{made['id']}/file/update"

    assert member.post(url, {"file_id": file["id"]}).status_code == 200
    assert member.post(url, {"file_id": process(member)["id"]}).status_code == 400


def test_a_reset_takes_the_files_out_and_keeps_them(member, worker):
    made, file = create(member), process(member)
    add(member, made, file)

    reset = member.post(f"{KNOWLEDGE}/{made['id']}/reset").json

    assert (reset["data"], reset["files"]) == ({"file_ids": []}, [])
    assert file_row(file["id"]) is not None


def test_a_deleted_knowledge_base_keeps_its_files_and_leaves_the_models(
    each_database, member, worker
):
    made, file = create(member), process(member)
    add(member, made, file)
    known = [{"type": "collection", "id": made["id"]}, {"type": "collection", "id": "other"}]
    with db.transaction() as session:
        session.merge(describe("preset", meta={"knowledge": known}))

    assert member.delete(f"{KNOWLEDGE}/{made['id']}/delete").json is True

    assert member.get(f"{KNOWLEDGE}/{made['id']}").status_code == 401
    assert file_row(file["id"]) is not None
    with db.reading() as session:
        assert session.get(ModelRow, "preset").meta == {"knowledge": known[1:]}
