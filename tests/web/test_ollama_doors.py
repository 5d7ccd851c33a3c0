"""The doors of an Ollama server: chats, texts, vectors and lists for members, over real jobs."""

import json

import pytest

from shared import db
from shared.config.options import get_options
from shared.services import models
from tests.services.things import describe, events_of
from tests.services.waiting import wait_until

MODEL = "fake-alpha:latest"
pytestmark = pytest.mark.usefixtures("served")


@pytest.fixture
def served(world, worker, ollama_server):
    """A server whose models everybody may use but one."""
    get_options().set({"OLLAMA_BASE_URLS": [ollama_server.url], "ENABLE_OPENAI_API": False})
    models.outdate_offer()
    allow(MODEL)


def allow(model_id):

    with db.transaction() as session:
        session.merge(describe(model_id))


def lines(answer):
    assert answer.content_type == "application/x-ndjson", answer.data
    return [json.loads(line) for line in answer.data.splitlines()]


def ask(**more):
    return {"model": MODEL, "messages": [{"role": "user", "content": "Hello say=one+two"}], **more}


def test_a_chat_comes_as_lines_that_end_with_done(member):
    found = lines(member.post("/ollama/api/chat", ask()))

    assert "".join(line["message"]["content"] for line in found) == "one two"
    assert [line["done"] for line in found] == [False] * (len(found) - 1) + [True]
    assert (found[-1]["done_reason"], found[-1]["eval_count"]) == ("stop", 2)
    assert found[0]["model"] == MODEL


def test_a_chat_without_a_stream_is_one_object(member):
    found = member.post("/ollama/api/chat/0", ask(stream=False)).json

    assert found["message"] == {"role": "assistant", "content": "one two"}
    assert found["done"] is True


def test_options_and_format_reach_the_server(member, ollama_server):
    more = {"options": {"num_ctx": 512, "temperature": 0.5}, "format": "json", "keep_alive": "5m"}

    member.post("/ollama/api/chat", ask(stream=False, **more))

    sent = ollama_server.log()[-1]["json"]
    assert sent["options"] == {"num_ctx": 512, "temperature": 0.5}
    assert (sent["format"], sent["keep_alive"]) == ("json", "5m")


def test_tool_calls_come_whole(member):
    tool = {"type": "function", "function": {"name": "weather", "parameters": {}}}
    question = {"role": "user", "content": "tool=weather args=city:Paris"}

    found = lines(member.post("/ollama/api/chat", ask(messages=[question], tools=[tool])))

    calls = [c for line in found for c in line["message"].get("tool_calls", ())]
    assert calls == [{"function": {"name": "weather", "arguments": {"city": "Paris"}}}]


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/ollama/api/chat", {"messages": [{"role": "user", "content": "Hello"}]}),
        ("/ollama/api/generate", {"prompt": "Hello"}),
        ("/ollama/api/embed", {"input": "Hello"}),
        ("/ollama/api/embeddings", {"prompt": "Hello"}),
        ("/ollama/api/show", {}),
        ("/ollama/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello"}]}),
    ],
)
@pytest.mark.parametrize("name", ["no-such-model", "fake-beta:latest"], ids=["unknown", "hidden"])
def test_a_model_that_the_user_may_not_use_is_unknown(member, ollama_server, path, more, name):
    answer = member.post(path, {"model": name, **more})

    assert answer.status_code == 400
    assert name in answer.json["detail"]
    assert all(record["path"] in ("/api/tags", "/api/version") for record in ollama_server.log())


def test_the_query_that_let_everybody_in_elsewhere_opens_nothing(member):
    body = {**ask(), "model": "fake-beta:latest"}

    assert member.post("/ollama/api/chat?bypass_filter=true", body).status_code == 400


def test_a_text_goes_on_in_lines_or_in_one_piece(member):
    body = {"model": MODEL, "prompt": "Go on say=one+two"}

    streamed = lines(member.post("/ollama/api/generate", body))
    whole = member.post("/ollama/api/generate", {**body, "stream": False}).json

    assert "".join(line["response"] for line in streamed).strip() == "one two"
    assert streamed[-1]["done"] is True
    assert whole["response"] == "one two"


def test_vectors_come_for_each_text(member):
    answer = member.post("/ollama/api/embed", {"model": MODEL, "input": ["a", "b"]}).json
    older = member.post("/ollama/api/embeddings", {"model": MODEL, "prompt": "a"}).json

    assert len(answer["embeddings"]) == 2
    assert older["embedding"] == answer["embeddings"][0]


@pytest.mark.parametrize("key", ["model", "name"])
def test_a_model_is_described_by_either_name_of_the_field(member, key):
    assert member.post("/ollama/api/show", {key: MODEL}).json["details"]["family"] == "fake"


def test_the_lists_have_what_the_user_may_use(member, admin):
    assert [m["model"] for m in member.get("/ollama/api/tags").json["models"]] == [MODEL]
    assert len(admin.get("/ollama/api/tags/0").json["models"]) == 2
    assert admin.get("/ollama/api/tags/7").json["models"] == []
    assert [m["id"] for m in member.get("/ollama/v1/models").json["data"]] == [MODEL]


def test_what_is_loaded_is_told_together_and_by_address(member, ollama_server):
    found = member.get("/ollama/api/ps").json

    assert [m["model"] for m in found["models"]] == [MODEL]
    assert found[ollama_server.url]["models"] == found["models"]


def test_a_pull_tells_how_far_it_has_come_and_offers_the_model(admin):
    answer = admin.post("/ollama/api/pull", {"model": "newcomer"})
    found = lines(answer)

    assert (found[0]["status"], found[-1]["status"]) == ("pulling manifest", "success")
    assert found[-2]["completed"] == found[-2]["total"]
    told = events_of(answer.headers["X-Job-Id"])
    steps = [e["data"] for e in told if e["type"] == "progress" and e["data"]["total"]]
    assert (steps[0]["done"], steps[-1]["done"], steps[-1]["unit"]) == (0, 1_000_000, "bytes")
    assert "newcomer:latest" in [m["model"] for m in admin.get("/ollama/api/tags").json["models"]]


def test_a_pull_goes_on_when_its_client_has_left(admin, ollama_server):
    ollama_server.control(delay=20)

    answer = admin.post("/ollama/api/pull/0", {"name": "newcomer"}, buffered=False)
    job_id = answer.headers["X-Job-Id"]
    answer.close()

    wait_until(
        lambda: admin.get(f"/api/v1/jobs/{job_id}").json["status"] == "completed", 20, "the pull"
    )


def test_a_pull_that_fails_says_why(admin):
    found = lines(admin.post("/ollama/api/pull", {"model": "broken"}))

    assert "file does not exist" in found[-1]["error"]


def test_a_model_is_copied_and_deleted(admin, ollama_server):
    body = {"source": MODEL, "destination": "twin"}

    assert admin.post("/ollama/api/copy", body).json is True
    assert admin.delete("/ollama/api/delete", {"name": "fake-beta:latest"}).json is True
    kept = [m["model"] for m in admin.get("/ollama/api/tags").json["models"]]
    assert kept == [MODEL, "twin:latest"]


@pytest.mark.parametrize("path", ["pull", "push", "create", "copy"])
def test_members_keep_no_models(member, path):
    body = {"model": MODEL, "source": MODEL, "destination": "x"}

    assert member.post(f"/ollama/api/{path}", body).status_code == 401


def test_a_push_may_be_asked_for_by_both_methods(admin):
    assert lines(admin.post("/ollama/api/push", {"model": MODEL}))[-1]["status"] == "success"
    assert lines(admin.delete("/ollama/api/push", {"name": MODEL}))[-1]["status"] == "success"
