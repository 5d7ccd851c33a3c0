"""Files over HTTP: upload, read, delete; whose they are; what is refused."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared import storage
from shared.config.options import get_options
from shared.models.job import FAILED
from tests.services.inside import sent
from tests.services.things import row_of
from tests.services.uploading import FILES, file_row, process, send, upload
from tests.services.waiting import wait_until
from tests.services.working import InsideWorker

pytestmark = pytest.mark.usefixtures("uploads", "engine")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


def test_an_upload_comes_back_as_it_is_stored(each_database, member, uploads):
    file = upload(member, b"some words", "notes.txt", metadata='{"from": "a test"}')

    assert file["user_id"] == member.id
    assert (file["filename"], file["data"], file["error"]) == ("notes.txt", {}, None)
    assert file["meta"] == {
        "name": "notes.txt", "content_type": "text/plain", "size": 10, "data": {"from": "a test"},
        "file_hash": hashlib.sha256(b"some words").hexdigest(),
    }  # fmt: skip
    assert (uploads / file["path"]).read_bytes() == b"some words"
    shown = member.get(f"{FILES}/{file['id']}").json
    assert shown == {name: file[name] for name in shown}


def test_an_upload_waits_until_its_text_was_found(member, worker):
    file = process(member, b"the text of the file")

    assert file["status"] is True
    assert (file["data"]["content"], file["data"]["status"]) == (
        "the text of the file",
        "completed",
    )
    assert file["meta"]["collection_name"] == f"file-{file['id']}"
    assert len(file["hash"]) == 64


def test_an_upload_whose_text_cannot_be_found_says_why(member, worker):
    file = process(member, b"\x00\x01\x02\x03", "blob.bin")

    assert "application/octet-stream" in file["error"]
    assert (file["data"]["status"], file["data"]["error"]) == ("failed", file["error"])
    assert row_of(file["data"]["job"]).status == FAILED


def test_an_upload_that_is_deleted_while_it_waits_has_been_an_upload(member, admin):
    with ThreadPoolExecutor(1) as uploader:
        waiting = uploader.submit(send, member, b"words")
        wait_until(lambda: member.get(f"{FILES}/count").json == 1, 10, "the upload")
        assert admin.delete(f"{FILES}/all").status_code == 200
        worker = InsideWorker().start()
        answer = waiting.result()
        worker.stop()

    assert (answer.status_code, answer.json["filename"]) == (200, "notes.txt")
    assert "deleted" in answer.json["error"]
    assert member.get(f"{FILES}/{answer.json['id']}").status_code == 404


def test_a_picture_is_kept_and_has_no_text(member, worker):
    file = process(member, PNG, "cat.png")

    assert (file["error"], file["data"]["status"]) == (None, "completed")
    assert "content" not in file["data"]


def test_an_upload_in_the_background_is_answered_at_once(member):
    file = send(member, b"words", query="?process_in_background=true").json

    assert file["data"]["status"] == "pending"
    assert sent("compute") == [file["data"]["job"]]


@pytest.mark.parametrize(
    ("claimed", "stored"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:/temp/a.txt", "a.txt"),
        ("a\u202etxt.exe", "atxt.exe"),
        ("..", "file"),
        ("Grüße 日本.txt", "Grüße 日本.txt"),
        ("x" * 500 + ".txt", "x" * 196 + ".txt"),
    ],
)
def test_a_name_loses_what_is_dangerous(member, uploads, claimed, stored):
    file = upload(member, b"words", claimed)

    assert file["filename"] == stored
    assert [path.name for path in uploads.iterdir()] == [file["path"]]


def test_a_type_is_found_in_the_bytes_and_not_believed(member):
    html = upload(member, b"<!DOCTYPE html><script>alert(1)</script>", "harmless.txt")

    assert html["meta"]["content_type"] == "text/html"


def test_a_large_upload_is_kept_byte_for_byte(member):
    content = bytes(range(256)) * 20_000
    file = upload(member, content, "large.bin")

    assert member.get(f"{FILES}/{file['id']}/content").data == content


def refused(member, uploads, answer, status):
    assert answer.status_code == status, answer.text
    assert answer.json["detail"]
    assert list(uploads.iterdir()) == []
    assert member.get(f"{FILES}/").json == []


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(member, uploads):
    get_options().set({"RAG_FILE_MAX_SIZE": 1})

    refused(member, uploads, send(member, bytes(1024 * 1024 + 1)), 413)
    refused(member, uploads, send(member, bytes(9 * 1024 * 1024)), 413)
    assert send(member, bytes(1024 * 1024), query="?process=false").status_code == 200


def test_a_form_without_a_file_is_refused(member, uploads):
    wrong = [
        member.send("POST", f"{FILES}/", b"", headers={"Content-Type": "multipart/form-data"}),
        member.post(f"{FILES}/", {"file": "x"}),
        send_raw(member, {"other": (io.BytesIO(b"x"), "a.txt")}),
        send_raw(member, {"file": "no file"}),
        send_raw(member, {"file": [(io.BytesIO(b"x"), "a.txt"), (io.BytesIO(b"y"), "b.txt")]}),
        send(member, b"words", metadata="no json"),
        send(member, b"words", metadata="[1]"),
        send(member, b"words", metadata='{"a":' * 150 + "1" + "}" * 150),
    ]

    for answer in wrong:
        refused(member, uploads, answer, 400)


def send_raw(caller, form):
    headers = {"Authorization": f"Bearer {caller.token}"}
    return caller.app.test_client().post(f"{FILES}/", data=form, headers=headers)


def test_an_upload_that_is_cut_off_leaves_nothing(member, uploads):
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    body = head + bytes(600_000)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    refused(member, uploads, member.send("POST", f"{FILES}/", body, headers=headers), 400)


def test_an_upload_that_cannot_be_accepted_leaves_nothing(member, uploads, configure):
    configure(job_max_queued_per_user=1)
    send(member, b"first", query="?process_in_background=true")
    before = sorted(uploads.iterdir())

    answer = send(member, b"second")

    assert answer.status_code == 429
    assert sorted(uploads.iterdir()) == before


def test_who_may_not_upload_is_refused(member, admin, uploads):
    get_options().set({"USER_PERMISSIONS": {"chat": {"file_upload": False}}})

    refused(member, uploads, send(member, b"words"), 401)
    assert send(admin, b"words", query="?process=false").status_code == 200


def test_files_are_listed_newest_first_with_or_without_their_texts(each_database, member, worker):
    first, second = process(member, b"one"), process(member, b"two")

    whole = member.get(f"{FILES}/").json
    short = member.get(f"{FILES}/?content=false").json
    page = member.get(f"{FILES}/?page=1").json

    assert [file["id"] for file in whole] == [second["id"], first["id"]]
    assert [file["data"]["content"] for file in whole] == ["two", "one"]
    assert all("content" not in file["data"] for file in short)
    assert (page["total"], page["items"]) == (2, whole)
    assert member.get(f"{FILES}/?page=2").json == {"items": [], "total": 2}


def test_files_are_found_by_a_pattern_of_their_names(member, other):
    upload(member, b"x", "Report.PDF")
    upload(member, b"x", "notes.txt")
    upload(other, b"x", "secret.pdf")

    found = member.get(f"{FILES}/search?filename=*.pdf&content=false").json

    assert [file["filename"] for file in found] == ["Report.PDF"]
    assert member.get(f"{FILES}/search?filename=*.docx").status_code == 404


def test_only_owner_and_admins_see_a_file(member, other, admin):
    file = upload(member)
    paths = ["", "/content", "/content/html", "/content/x.txt", "/data/content", "/process/status"]

    for path in paths:
        assert other.get(f"{FILES}/{file['id']}{path}").status_code == 404, path
        assert admin.get(f"{FILES}/{file['id']}{path}").status_code == 200, path
        assert member.get(f"{FILES}/nowhere{path}").status_code == 404, path
    assert other.get(f"{FILES}/").json == []
    assert [one["id"] for one in admin.get(f"{FILES}/").json] == [file["id"]]
    assert other.delete(f"{FILES}/{file['id']}").status_code == 404
    update = other.post(f"{FILES}/{file['id']}/data/content/update", {"content": "mine"})
    assert update.status_code == 404


def test_a_deleted_file_leaves_no_row_and_no_object(each_database, member, worker, uploads):
    file = process(member)

    answer = member.delete(f"{FILES}/{file['id']}")

    assert (answer.status_code, list(answer.json)) == (200, ["message"])
    assert file_row(file["id"]) is None
    wait_until(lambda: not list(uploads.iterdir()), 10, "the object is gone")
    assert member.delete(f"{FILES}/{file['id']}").status_code == 404


def test_only_admins_delete_all_files(member, admin, worker, uploads):
    process(member, b"one")
    process(admin, b"two")

    assert member.delete(f"{FILES}/all").status_code == 401
    assert admin.delete(f"{FILES}/all").status_code == 200

    wait_until(lambda: not list(uploads.iterdir()), 10, "the objects are gone")
    assert admin.get(f"{FILES}/").json == []


def test_a_text_is_replaced(member, worker):
    file = process(member, b"old words")

    answer = member.post(f"{FILES}/{file['id']}/data/content/update", {"content": "new words"})

    assert answer.json == {"content": "new words"}
    assert member.get(f"{FILES}/{file['id']}/data/content").json == {"content": "new words"}
    shown = member.get(f"{FILES}/{file['id']}").json
    assert shown["data"]["status"] == "completed"
    assert shown["hash"] != file["hash"]


def test_the_status_is_told_now_and_when_it_changes(member, worker):
    file = process(member)

    now = member.get(f"{FILES}/{file['id']}/process/status").json
    events = member.get(f"{FILES}/{file['id']}/process/status?stream=true")

    assert now == {"status": "completed", "error": None}
    assert events.content_type.startswith("text/event-stream")
    assert events.data == b'data: {"status":"completed"}\n\n'


def test_the_status_of_a_failed_file_says_why(member, worker):
    file = process(member, b"\x00\x01\x02", "blob.bin")

    assert "octet-stream" in member.get(f"{FILES}/{file['id']}/process/status").json["error"]


def test_uploads_go_to_s3_and_come_back(member, s3, configure, worker):
    configure(
        storage_provider="s3",
        s3_bucket_name=s3.bucket,
        s3_endpoint_url=s3.endpoint,
        s3_region_name="us-east-1",
        s3_access_key_id=s3.access_key,
        s3_secret_access_key=s3.secret_key,
        s3_key_prefix="of web",
    )
    storage.get_storage.cache_clear()
    content = b"0123456789" * 1_200_000

    file = process(member, content)
    url = f"{FILES}/{file['id']}/content"

    assert file["data"]["status"] == "completed", file["error"]
    assert member.get(url).data == content
    assert member.get(url, headers={"Range": "bytes=11999998-"}).data == b"89"
    member.delete(f"{FILES}/{file['id']}")
    wait_until(lambda: not is_there(file["path"]), 10, "the object is gone")


def is_there(key):
    try:
        return storage.get_storage().size(key) > 0
    except storage.Missing:
        return False
