"""The bytes of files: never run by a browser, whole or in part."""

import pytest

from tests.services.uploading import FILES, upload

pytestmark = pytest.mark.usefixtures("uploads")


@pytest.fixture
def fetch(member):
    def get(content=b"0123456789", name="digits.txt", path="content", **headers):
        file = upload(member, content, name)
        return member.get(f"{FILES}/{file['id']}/{path}", headers=headers)

    return get


@pytest.mark.parametrize(
    ("content", "name", "disposition"),
    [
        (b"words", "a.txt", "inline"),
        (b"%PDF-1.7 ...", "a.pdf", "inline"),
        (b"\x89PNG\r\n\x1a\n....", "a.png", "inline"),
        (b"<html><script>x()</script>", "a.html", "attachment"),
        (b"<html><script>x()</script>", "a.txt", "attachment"),
        (b"<svg xmlns='x'><script>x()</script></svg>", "a.svg", "attachment"),
        (b"words first <script>x()</script>", "a.html", "attachment"),
        (b"<?xml version='1.0'?><a/>", "a.xml", "attachment"),
        (b"\x00\x01", "a.bin", "attachment"),
    ],
)
def test_only_what_is_harmless_is_shown_in_place(fetch, content, name, disposition):
    for path in ("content", "content/html"):
        answer = fetch(content, name, path)

        assert answer.status_code == 200
        assert answer.data == content
        assert answer.headers["Content-Disposition"].split(";")[0] == disposition
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_whatever_is_no_pdf_stands_in_a_sandbox(fetch):
    assert "sandbox" in fetch(b"<html>", "a.html").headers["Content-Security-Policy"]
    assert "sandbox" in fetch(b"words", "a.txt").headers["Content-Security-Policy"]


def test_a_file_is_saved_when_that_is_wanted(fetch):
    assert fetch(path="content?attachment=true").headers["Content-Disposition"].startswith("att")
    assert fetch(path="content/other.txt").headers["Content-Disposition"].startswith("att")


def test_a_name_in_any_script_survives(fetch):
    told = fetch(name="Grüße.txt").headers["Content-Disposition"]

    assert "filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt" in told


@pytest.mark.parametrize(
    ("wanted", "part", "place"),
    [
        ("bytes=2-5", b"2345", "bytes 2-5/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=5-100", b"56789", "bytes 5-9/10"),
    ],
)
def test_a_range_is_given(fetch, wanted, part, place):
    answer = fetch(Range=wanted)

    assert (answer.status_code, answer.data) == (206, part)
    assert answer.headers["Content-Range"] == place
    assert answer.headers["Content-Length"] == str(len(part))


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=50-60"])
def test_a_range_behind_the_end_is_refused(fetch, wanted):
    answer = fetch(Range=wanted)

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */10"


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "pages=1-2", "nonsense"])
def test_a_range_that_is_not_understood_gives_all(fetch, wanted):
    answer = fetch(Range=wanted)

    assert (answer.status_code, answer.data) == (200, b"0123456789")


def test_a_client_that_has_the_file_gets_no_bytes(member):
    file = upload(member)
    tag = member.get(f"{FILES}/{file['id']}/content").headers["ETag"]

    again = member.get(f"{FILES}/{file['id']}/content", headers={"If-None-Match": tag})
    stale = member.get(
        f"{FILES}/{file['id']}/content", headers={"Range": "bytes=0-1", "If-Range": '"old"'}
    )

    assert (again.status_code, again.data) == (304, b"")
    assert stale.status_code == 200


def test_the_head_alone_reads_nothing(member):
    file = upload(member)

    answer = member.send("HEAD", f"{FILES}/{file['id']}/content")

    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(file["meta"]["size"])


def test_an_empty_file_is_given(fetch):
    answer = fetch(b"", "empty.txt")

    assert (answer.status_code, answer.data) == (200, b"")


def test_an_object_that_is_lost_is_not_found(member, uploads):
    file = upload(member)
    (uploads / file["path"]).unlink()

    assert member.get(f"{FILES}/{file['id']}/content").status_code == 404
