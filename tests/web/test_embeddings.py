"""Embeddings in OpenAI's form, and what admins may ask of a connection."""

import base64

import pytest

from shared.config.options import get_options
from shared.services import models
from tests.services.things import offer


@pytest.fixture
def served(world, worker, openai_server):
    offer("fake-alpha", url=openai_server.url)
    offer("fake-beta", url=openai_server.url, public=False)
    get_options().set({"ENABLE_OLLAMA_API": False})
    models.outdate_offer()


pytestmark = pytest.mark.usefixtures("served")
BODY = {"model": "fake-alpha", "input": ["a", "b"]}


@pytest.mark.parametrize("path", ["/v1/embeddings", "/api/embeddings", "/api/v1/embeddings"])
def test_each_text_gets_its_vector(member, path):
    found = member.post(path, BODY).json

    assert [item["index"] for item in found["data"]] == [0, 1]
    assert (found["object"], found["model"]) == ("list", "fake-alpha")


def test_what_else_is_asked_for_reaches_the_provider(member, openai_server):
    found = member.post("/v1/embeddings", {**BODY, "encoding_format": "base64"}).json

    assert openai_server.log()[-1]["json"]["encoding_format"] == "base64"
    vector = found["data"][0]["embedding"]
    assert isinstance(vector, list) or base64.b64decode(vector)


def test_a_model_that_the_user_may_not_use_is_unknown(member):
    hidden = {**BODY, "model": "fake-beta"}

    assert member.post("/v1/embeddings", hidden).status_code == 404
    assert member.post("/api/embeddings", hidden).status_code == 400


def test_an_admin_asks_a_connection_what_it_understands(admin, openai_server):
    found = admin.post("/openai/embeddings?a=b", {"model": "fake-alpha", "input": "a"}).json

    assert len(found["data"]) == 1
    assert openai_server.log()[-1]["path"].endswith("/embeddings?a=b")


@pytest.mark.parametrize("path", ["/openai/embeddings", "/openai/files", "/openai/models/x/y"])
def test_nobody_else_gets_through_to_a_connection(member, openai_server, path):
    before = len(openai_server.log())

    assert member.post(path, BODY).status_code == 401
    assert len(openai_server.log()) == before


def test_a_chat_is_answered_at_the_connections_door(member):
    body = {"model": "fake-alpha", "messages": [{"role": "user", "content": "say=hello"}]}

    found = member.post("/openai/chat/completions", body).json
    unknown = member.post("/openai/chat/completions?bypass_filter=true", {**body, "model": "x"})

    assert found["choices"][0]["message"]["content"] == "hello"
    assert (unknown.status_code, unknown.json["detail"]) == (404, "Model not found")
