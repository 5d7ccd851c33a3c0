"""Ordering what was found again, by a server."""

import json

import pytest

from shared.config.options import get_options
from shared.errors import Forbidden, Unavailable
from tests.fakes.reading_server import KEY, FakeReading
from tests.fakes.web_server import FakeWeb
from workers.reranking import get_reranker, reranked
from workers.vectors.base import Match

pytestmark = pytest.mark.usefixtures("world")
FOUND = [Match(str(n), text, {}, 0.5) for n, text in enumerate(("a dog", "a red cat", "a red dog"))]


@pytest.fixture
def server():
    with FakeReading() as made:
        get_options().set(
            {
                "RAG_EXTERNAL_RERANKER_URL": f"{made.url}/rerank",
                "RAG_EXTERNAL_RERANKER_API_KEY": KEY,
                "RAG_RERANKING_MODEL": "cross",
            }
        )
        yield made


def again_by_the_server(question, found):
    return reranked(get_reranker(), question, found)


def test_the_server_decides_the_order_and_the_scores(server):
    again = again_by_the_server("red dog", FOUND)

    assert [(match.text, match.score) for match in again] == [
        ("a red dog", 1.0),
        ("a dog", 0.5),
        ("a red cat", 0.5),
    ]
    [(_, _, _, body)] = server.asked
    asked = json.loads(body)
    assert (asked["model"], asked["query"], asked["top_n"]) == ("cross", "red dog", 3)


def test_nothing_is_asked_when_nothing_was_found(server):
    assert again_by_the_server("red dog", []) == []
    assert server.asked == []


def test_there_is_none_unless_one_is_chosen():
    assert get_reranker() is None


def test_a_wrong_key_is_said_to_be_so(server):
    get_options().set({"RAG_EXTERNAL_RERANKER_API_KEY": "bad"})

    with pytest.raises(Forbidden, match="key"):
        again_by_the_server("red dog", FOUND)


def test_a_server_that_is_down_is_said_to_be_so(server):
    server.trouble = 503

    with pytest.raises(Unavailable, match="503"):
        again_by_the_server("red dog", FOUND)


@pytest.mark.parametrize(
    "told",
    [{}, {"results": [{"index": 9, "relevance_score": 1}]}, {"results": [{"index": 0}]}, [1]],
)
def test_an_answer_of_another_form_is_said_to_be_so(told):
    with FakeWeb() as web:
        url = web.put("/rerank", json.dumps(told), "application/json")
        get_options().set({"RAG_EXTERNAL_RERANKER_URL": url})

        with pytest.raises(Unavailable, match="unknown form"):
            again_by_the_server("red dog", FOUND)


def test_what_some_servers_give_as_it_comes_keeps_its_order():
    told = [{"index": n, "relevance_score": score} for n, score in enumerate((-9.5, 4.0, -800))]
    with FakeWeb() as web:
        url = web.put("/rerank", json.dumps({"results": told}), "application/json")
        get_options().set({"RAG_EXTERNAL_RERANKER_URL": url})

        again = again_by_the_server("red dog", FOUND)

    assert [match.id for match in again] == ["1", "0", "2"]
    assert all(0 <= match.score <= 1 for match in again)
