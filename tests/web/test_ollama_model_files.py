"""Files of models on their way to an Ollama server: fetched by a worker, or uploaded."""

import hashlib
import io
import json

import pytest

from shared import db
from shared.config.options import get_options
from shared.models.file import File
from shared.services import models
from shared.storage import Missing, get_storage
from tests.fakes.web_server import FakeWeb
from tests.services.things import events_of
from tests.services.waiting import wait_until

BYTES = bytes(range(256)) * 4096 * 3
DIGEST = f"sha256:{hashlib.sha256(BYTES).hexdigest()}"
DOWNLOAD, UPLOAD = "/ollama/models/download", "/ollama/models/upload"


@pytest.fixture(scope="module")
def web():
    with FakeWeb() as server:
        yield server


@pytest.fixture(autouse=True)
def served(world, worker, ollama_server, web, configure):
    """A server that takes files, and a site from which they may be fetched."""
    configure(
        outbound_allowed_networks="127.0.0.1",
        model_download_addresses=f"https://huggingface.co/, {web.url}/org/",
    )
    get_options().set({"OLLAMA_BASE_URLS": [ollama_server.url], "ENABLE_OPENAI_API": False})
    models.outdate_offer()


def told(answer):
    """Read the events that a client is told."""
    assert answer.content_type.startswith("text/event-stream"), answer.data
    pieces = answer.data.decode().split("\n\n")
    assert pieces.pop() == ""
    return [json.loads(piece.removeprefix("data: ")) for piece in pieces]


def upload(caller, content, name="Tiny Model (v1).gguf", path=UPLOAD):
    return caller.send("POST", path, None, data={"file": (io.BytesIO(content), name)})


def blobs(server):
    return [(r["method"], r["path"]) for r in server.log() if "/blobs/" in r["path"]]


def files_left():
    with db.reading() as session:
        return session.query(File).count()


@pytest.mark.parametrize("path", [DOWNLOAD, f"{DOWNLOAD}/0", f"{DOWNLOAD}?url_idx=0"])
def test_a_download_tells_how_far_it_is_and_ends_at_the_server(admin, web, ollama_server, path):
    url = web.put("/org/tiny.gguf", BYTES)

    found = told(admin.post(path, {"url": url}))

    assert found[-1] == {"done": True, "blob": DIGEST, "name": "tiny.gguf"}
    assert found[-2] == {"progress": 100.0, "completed": len(BYTES), "total": len(BYTES)}
    shares = [line["progress"] for line in found[:-1]]
    assert shares == sorted(shares)
    assert blobs(ollama_server) == [(m, f"/api/blobs/{DIGEST}") for m in ("HEAD", "POST")]


def test_what_the_server_has_is_not_sent_again(admin, web, ollama_server):
    url = web.put("/org/tiny.gguf", BYTES)

    answers = [told(admin.post(DOWNLOAD, {"url": url})) for _ in range(2)]

    assert answers[0][-1] == answers[1][-1]
    assert [method for method, _ in blobs(ollama_server)] == ["HEAD", "POST", "HEAD"]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/x.gguf",
        "http://huggingface.co/x.gguf",
        "https://huggingface.co@example.com/x.gguf",
        "https://huggingface.co.example.com/x.gguf",
        "file:///etc/passwd",
        "x",
    ],
)
def test_an_address_of_another_host_is_refused(admin, url):
    answer = admin.post(DOWNLOAD, {"url": url})

    assert answer.status_code == 400
    assert answer.json["detail"].startswith("Invalid file_url.")


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/x", "https://example.com/x", "http://huggingface.co/x", "/secret"]
)
def test_a_redirect_to_elsewhere_is_refused(admin, web, ollama_server, configure, target):
    configure(model_download_addresses=f"{web.url}/to")

    answer = admin.post(DOWNLOAD, {"url": f"{web.url}/to?{target}"})

    assert answer.status_code == 400
    assert not blobs(ollama_server)


def test_a_file_that_is_not_there_is_told(admin, web):
    answer = admin.post(DOWNLOAD, {"url": f"{web.url}/org/missing.gguf"})

    assert (answer.status_code, "status 404" in answer.json["detail"]) == (400, True)


def test_a_download_goes_on_when_its_client_has_left(admin, web, ollama_server):
    url = web.put("/org/tiny.gguf", BYTES)

    answer = admin.post(DOWNLOAD, {"url": url}, buffered=False)
    job_id = answer.headers["X-Job-Id"]
    answer.close()

    wait_until(lambda: events_of(job_id)[-1]["type"] == "completed", 20, "the end")
    assert ("POST", f"/api/blobs/{DIGEST}") in blobs(ollama_server)


@pytest.mark.parametrize("path", [UPLOAD, f"{UPLOAD}/0"])
def test_an_upload_becomes_a_model_and_leaves_nothing_here(admin, ollama_server, path):
    found = told(upload(admin, BYTES, path=path))

    made = "Tiny-Model-v1"
    name = "Tiny Model (v1).gguf"
    assert found[-1] == {"done": True, "blob": DIGEST, "name": name, "model_created": made}
    assert found[-2] == {"progress": 100.0, "completed": len(BYTES), "total": len(BYTES)}
    listed = [m["model"] for m in admin.get("/ollama/api/tags").json["models"]]
    assert f"{made}:latest" in listed
    assert files_left() == 0


def test_an_upload_may_be_larger_than_a_document(admin, ollama_server):
    get_options().set({"RAG_FILE_MAX_SIZE": 1})

    assert told(upload(admin, BYTES))[-1]["done"] is True


def test_an_upload_that_the_server_refuses_says_so_and_leaves_nothing(admin, ollama_server):
    ollama_server.control(noblobs=1)

    answer = upload(admin, BYTES)

    assert "status 400" in told(answer)[-1]["error"]
    assert files_left() == 0


def test_an_upload_to_a_server_that_is_gone_leaves_nothing(admin, ollama_server):
    get_options().set({"OLLAMA_API_CONFIGS": {"0": {"enable": False}}})

    answer = upload(admin, b"x")

    assert (answer.status_code >= 400, files_left()) == (True, 0)


@pytest.mark.parametrize("path", [f"{DOWNLOAD}/7", f"{UPLOAD}/7"])
def test_a_server_that_is_not_there_is_not_found(admin, web, path):
    url = web.put("/org/tiny.gguf", BYTES)

    sent = upload(admin, b"x", path=path) if "upload" in path else admin.post(path, {"url": url})

    assert sent.status_code == 404


def test_a_form_without_a_file_is_refused(admin):
    assert admin.send("POST", UPLOAD, None, data={"other": "x"}).status_code == 400


def test_an_empty_file_is_a_file(admin):
    assert told(upload(admin, b"", "empty.gguf"))[-1]["model_created"] == "empty"


def test_members_bring_no_files(member, web):
    url = web.put("/org/tiny.gguf", BYTES)

    assert member.post(DOWNLOAD, {"url": url}).status_code == 401
    assert upload(member, b"x").status_code == 401


def test_the_object_of_an_upload_goes_with_its_row(admin, monkeypatch):
    keys = []
    begin = get_storage().begin
    monkeypatch.setattr(get_storage(), "begin", lambda key: keys.append(key) or begin(key))

    upload(admin, BYTES)

    wait_until(lambda: not _is_stored(keys[0]), 10, "the object to go")


def _is_stored(key):
    try:
        return get_storage().size(key) >= 0
    except Missing:
        return False
