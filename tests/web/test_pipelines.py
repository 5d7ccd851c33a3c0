"""Pipelines servers: their programs and valves, through the admin's connections."""

import io

import pytest
from sqlalchemy import select

from shared import db
from shared.config.options import get_options
from shared.models.job import Job
from shared.services import models
from tests.fakes.web_server import FakeWeb
from tests.services.waiting import free_port

AREA = "/api/v1/pipelines"
FIRST_SECRET = "first-secret-value"


@pytest.fixture
def server(pipelines_server):
    return pipelines_server


def upload(admin, name, content=b"class Pipeline: pass", place="1"):
    form = {"urlIdx": place, "file": (io.BytesIO(content), name)}
    headers = {"Authorization": f"Bearer {admin.token}"}
    client = admin.app.test_client(use_cookies=False)
    return client.post(f"{AREA}/upload", data=form, headers=headers)


def test_servers_are_known_by_their_list_of_models(admin, server):
    assert admin.get(f"{AREA}/list").json == {"data": [{"url": server.url, "idx": 1}]}


def test_the_list_of_a_connections_models_says_that_it_is_one(admin, server):
    assert admin.get("/openai/models/1").json["pipelines"] is True
    assert "pipelines" not in admin.get("/openai/models/0").json


def test_pipelines_are_listed_as_the_server_tells_them(admin, server):
    answer = admin.get(f"{AREA}/?urlIdx=1")

    guard = {"id": "guard", "name": "guard", "type": "filter", "valves": True}
    assert (answer.status_code, answer.json) == (200, {"data": [guard]})


def test_a_source_is_sent_as_a_form(admin, server):
    answer = upload(admin, "mine.py")

    (sent,) = server.asked_at("/pipelines/upload")
    assert answer.json["status"] is True
    assert 'name="file"; filename="mine.py"' in sent
    assert "class Pipeline: pass" in sent
    assert "mine" in server.pipelines


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("mine.txt", b"x", 400, "Only Python (.py) files are allowed."),
        ("mine.py", b"\xff\xfe", 400, "UTF-8"),
        ("mine.py", b"#" * (1024 * 1024 + 1), 413, "1 MB"),
    ],
)
def test_what_is_no_source_is_not_sent(admin, server, name, content, status, words):
    answer = upload(admin, name, content)

    assert (answer.status_code, server.asked_at("/pipelines/upload")) == (status, [])
    assert words in answer.json["detail"]


def test_an_upload_to_a_server_that_is_away_is_told_in_the_contracts_words(admin, server):
    get_options().set({"OPENAI_API_BASE_URLS": ["", f"http://127.0.0.1:{free_port()}"]})

    answer = upload(admin, "mine.py")

    told = {"detail": "Open WebUI: Server Connection Error"}
    assert (answer.status_code, answer.json) == (500, told)


def test_a_pipeline_is_added_and_deleted_and_the_models_are_asked_anew(admin, server):
    admin.get("/api/models")

    added = admin.post(f"{AREA}/add", {"url": "https://example.com/p.py", "urlIdx": 1})
    is_outdated = models.is_outdated()
    deleted = admin.delete(f"{AREA}/delete", {"id": "guard", "urlIdx": 1})

    assert (added.status_code, deleted.status_code, is_outdated) == (200, 200, True)
    assert server.asked_at("/pipelines/add") == [{"url": "https://example.com/p.py"}]
    assert server.pipelines == {}


def test_valves_are_shown_described_and_set(admin, server):
    path = f"{AREA}/guard/valves"

    shown = admin.get(f"{path}?urlIdx=1").json
    spec = admin.get(f"{path}/spec?urlIdx=1").json
    changed = admin.post(f"{path}/update?urlIdx=1", {"limit": 3})

    assert (shown, spec["title"]) == ({"secret_key": FIRST_SECRET}, "Valves")
    assert (changed.status_code, changed.json) == (200, {"secret_key": FIRST_SECRET, "limit": 3})


def test_secrets_of_valves_stand_in_no_job(admin, server):
    admin.get(f"{AREA}/guard/valves?urlIdx=1")
    admin.post(f"{AREA}/guard/valves/update?urlIdx=1", {"secret_key": "very-secret-value"})

    with db.reading() as session:
        rows = [f"{job.request} {job.result}" for job in session.scalars(select(Job))]
    assert rows
    assert not any("very-secret-value" in row or FIRST_SECRET in row for row in rows)


def test_refusals_come_with_the_servers_status_and_words(admin, server):
    unknown = admin.delete(f"{AREA}/delete", {"id": "nobody", "urlIdx": 1})
    broken = admin.post(f"{AREA}/add", {"url": "https://example.com/broken", "urlIdx": 1})

    assert (unknown.status_code, unknown.json) == (404, {"detail": "Pipeline nobody not found"})
    assert (broken.status_code, broken.json) == (500, {"detail": "Failed to download"})


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (404, '{"detail": null}', (404, "Pipeline not found")),
        (500, "broken", (500, "Pipeline not found")),
        (418, '{"detail": {"why": "tea"}}', (418, '{"why":"tea"}')),
        (302, "", (404, "Pipeline not found")),
    ],
)
def test_a_server_that_refuses_without_words_gets_ours(admin, server, status, body, told):
    with FakeWeb() as odd:
        get_options().set({"OPENAI_API_BASE_URLS": [odd.url], "OPENAI_API_KEYS": [""]})
        odd.put("/pipelines", body, "application/json", status)

        answer = admin.get(f"{AREA}/?urlIdx=0")

    assert (answer.status_code, answer.json["detail"]) == told


@pytest.mark.parametrize("place", ["7", "0"])
def test_where_there_is_no_such_server_there_are_no_pipelines(admin, server, place):
    answer = admin.get(f"{AREA}/?urlIdx={place}")

    assert (answer.status_code, answer.json["detail"]) == (404, "Pipeline not found")


def test_a_path_leads_nowhere_else(admin, server):
    answer = admin.get(f"{AREA}/..%2Fpipelines%3Fx/valves?urlIdx=1")

    assert answer.status_code == 404
    assert "/pipelines" not in [path for _, path, _ in server.asked]


def test_members_have_nothing_to_do_there(member, server):
    assert member.get(f"{AREA}/list").status_code == 401
    assert member.get(f"{AREA}/guard/valves?urlIdx=1").status_code == 401
    assert upload(member, "mine.py").status_code == 401
