"""The small services for pages, over HTTP."""

import hashlib
import sqlite3

import pytest

URL = "/api/v1/utils"


@pytest.mark.parametrize("email", ["ada@example.com", " Ada@Example.com "])
def test_a_picture_is_known_by_the_address_in_any_case(member, email):
    answer = member.get(f"{URL}/gravatar", query_string={"email": email})

    digest = hashlib.sha256(b"ada@example.com").hexdigest()
    assert answer.json == f"https://www.gravatar.com/avatar/{digest}?d=mp"


def test_code_is_laid_out_by_a_worker(member, worker):
    good = member.post(f"{URL}/code/format", {"code": "x=1"})
    bad = member.post(f"{URL}/code/format", {"code": "x=("})

    assert good.json == {"code": "x = 1\n"}
    assert bad.status_code == 400
    assert "laid out" in bad.json["detail"]


def test_markdown_is_written_as_html(member, worker):
    assert member.post(f"{URL}/markdown", {"md": "*a*"}).json == {"html": "<p><em>a</em></p>\n"}


def test_a_chat_is_sent_as_a_pdf(member, worker):
    body = {"title": "Chat", "messages": [{"role": "user", "content": "Hello"}]}

    answer = member.post(f"{URL}/pdf", body)

    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == "attachment; filename=chat.pdf"
    assert answer.data.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("code/format", {"code": "x" * 200_000}),
        ("markdown", {"md": "x" * 1_100_000}),
        ("pdf", {"title": "x", "messages": [{"content": "x" * 1_100_000}]}),
        ("pdf", {"title": "x", "messages": ["x"]}),
    ],
)
def test_what_is_too_long_or_odd_is_refused(member, path, body):
    assert member.post(f"{URL}/{path}", body).status_code == 422


def test_an_admin_downloads_the_database_as_it_is_now(admin, member, tmp_path):
    refused = member.get(f"{URL}/db/download")
    answer = admin.get(f"{URL}/db/download")

    copy = tmp_path / "copy.db"
    copy.write_bytes(answer.data)
    with sqlite3.connect(copy) as database:
        emails = {row[0] for row in database.execute("SELECT email FROM user")}
    assert refused.status_code == 401
    assert emails == {admin.user.email, member.user.email}


def test_the_download_can_be_switched_off(admin, configure):
    configure(enable_admin_export="false")

    assert admin.get(f"{URL}/db/download").status_code == 401


def test_another_database_is_not_downloaded(on_postgres, new_caller):
    assert new_caller("admin").get(f"{URL}/db/download").status_code == 400


def test_the_configuration_of_litellm_is_given_where_there_is_one(admin, configure, tmp_path):
    missing = admin.get(f"{URL}/litellm/config")
    (tmp_path / "litellm").mkdir()
    (tmp_path / "litellm" / "config.yaml").write_text("a: 1\n")
    configure(data_dir=tmp_path)

    found = admin.get(f"{URL}/litellm/config")

    assert (missing.status_code, found.data) == (404, b"a: 1\n")
