"""Engines of vectors: the local model, and servers that are asked."""

import json

import numpy as np
import pytest

from shared.config.options import get_options
from shared.errors import Unavailable
from shared.services.reindexing import engine_name
from tests.fakes.web_server import FakeWeb
from workers.embedding import get_engine

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def web():
    with FakeWeb() as server:
        yield server


def test_the_local_model_puts_alike_texts_near_each_other():
    engine = get_engine()

    vectors = engine.embed(["a cat", "the price of shares fell today", "a kitten"])

    likeness = vectors @ vectors.T
    assert likeness[0, 2] > 0.6
    assert likeness[0, 1] < 0.3
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert engine.name == engine_name() == "local/sentence-transformers/all-MiniLM-L6-v2"


def test_a_model_that_is_not_there_is_said_to_be_so():
    get_options().set({"RAG_EMBEDDING_MODEL": "somebody/large-model"})

    with pytest.raises(Unavailable, match="large-model"):
        get_engine()


def test_an_openai_server_is_asked_once_for_many_texts(web):
    data = [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 4]}]
    web.put("/v1/embeddings", json.dumps({"data": data}), "application/json")
    get_options().set(
        {
            "RAG_EMBEDDING_ENGINE": "openai",
            "RAG_OPENAI_API_BASE_URL": f"{web.url}/v1",
            "RAG_OPENAI_API_KEY": "sk-1",
            "RAG_EMBEDDING_MODEL": "small",
        }
    )

    vectors = get_engine().embed(["one", "two"])

    assert vectors.tolist() == [pytest.approx([0.6, 0.8]), [0, 1]]
    [(_, _, headers, body)] = web.asked
    assert headers["authorization"] == "Bearer sk-1"
    asked = {"model": "small", "input": ["one", "two"], "encoding_format": "float"}
    assert json.loads(body) == asked


def test_an_ollama_server_is_asked_in_its_own_way(web):
    web.put("/api/embed", json.dumps({"embeddings": [[0, 5]]}), "application/json")
    get_options().set(
        {
            "RAG_EMBEDDING_ENGINE": "ollama",
            "RAG_OLLAMA_BASE_URL": web.url,
            "RAG_EMBEDDING_MODEL": "nomic",
        }
    )

    assert get_engine().embed(["one"]).tolist() == [[0, 1]]
    assert json.loads(web.asked[0][3]) == {"model": "nomic", "input": ["one"]}


@pytest.mark.parametrize(
    ("field", "text", "question"),
    [
        ("", {"input": ["text: one"]}, {"input": ["query: one"]}),
        ("prompt", {"input": ["one"], "prompt": "text: "}, {"input": ["one"], "prompt": "query: "}),
    ],
)
def test_what_stands_before_texts_is_sent_before_each_or_in_a_field(
    web, configure, field, text, question
):
    prefixes = {"rag_embedding_query_prefix": "query: ", "rag_embedding_content_prefix": "text: "}
    configure(**prefixes, rag_embedding_prefix_field_name=field)
    web.put("/api/embed", json.dumps({"embeddings": [[0, 5]]}), "application/json")
    get_options().set(
        {
            "RAG_EMBEDDING_ENGINE": "ollama",
            "RAG_OLLAMA_BASE_URL": web.url,
            "RAG_EMBEDDING_MODEL": "e5",
        }
    )

    get_engine().embed(["one"])
    get_engine().embed(["one"], is_query=True)

    asked = [json.loads(body) for _, _, _, body in web.asked]
    assert asked == [{"model": "e5", **text}, {"model": "e5", **question}]
    assert get_engine().name == f"ollama/e5 with {field or 'text'} text: "


def test_what_stands_before_a_question_makes_another_vector_of_it(configure):
    configure(rag_embedding_query_prefix="query:\n ")

    plain, asked, written = (
        get_engine().embed(["a cat"])[0],
        get_engine().embed(["a cat"], is_query=True)[0],
        get_engine().embed(["query:\n a cat"])[0],
    )

    assert asked == pytest.approx(written)
    assert asked != pytest.approx(plain)


def test_a_server_that_fails_is_asked_again_and_then_said_to_be_away(web, configure):
    configure(upstream_tries=2)
    web.put("/api/embed", "{}", "application/json", status=503)
    get_options().set({"RAG_EMBEDDING_ENGINE": "ollama", "RAG_OLLAMA_BASE_URL": web.url})

    with pytest.raises(Unavailable, match="503"):
        get_engine().embed(["one"])
    assert len(web.asked) == 2
