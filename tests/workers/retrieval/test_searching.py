"""Searching: both orders, the reranker above them, and what is left out."""

import pytest

from shared.config.options import get_options
from tests.fakes.embedding import WordEngine
from tests.services.cross_encoder import make_cross_encoder
from workers.retrieval.searching import Search, Wanted
from workers.vectors import Item, get_index

pytestmark = pytest.mark.usefixtures("world")
# It has both words of the question twice, and much else.
BEST = [f"red dog red dog {'a the ' * 9}word"]


@pytest.fixture
def search(configure, tmp_path):
    """A search over thirty texts, of which engine and index take the shortest for the best."""
    configure(data_dir=tmp_path)
    make_cross_encoder(tmp_path / "models/cross")
    engine = WordEngine()
    texts = ["red dog", *[f"dog {'cat ' * n}".strip() for n in range(28)], *BEST]
    vectors = engine.embed(texts)
    pairs = enumerate(zip(texts, vectors, strict=True))
    get_index().put("c", [Item(f"{n:02}", text, v, {"file_id": "f"}) for n, (text, v) in pairs])
    return Search(get_index(), engine, ["c"])


def found(search, **want):
    chosen = {"limit": 3, "best": 3, "threshold": 0.0, "is_hybrid": True, **want}
    return [match.text for match in search.find(["red dog"], Wanted(**chosen))]


def test_the_reranker_chooses_among_more_than_are_wanted(search):
    without = found(search, limit=1)
    get_options().set({"RAG_RERANKING_MODEL": "cross"})

    assert without != BEST
    assert found(search, limit=1) == BEST


def test_no_more_are_left_than_either_number_says(search):
    get_options().set({"RAG_RERANKING_MODEL": "cross"})

    assert [len(found(search, limit=n, best=m)) for n, m in ((5, 2), (2, 5))] == [2, 2]


def test_what_the_reranker_thinks_little_of_is_left_out(search):
    get_options().set({"RAG_RERANKING_MODEL": "cross"})

    # One shared word makes 0.73, two make 0.88, each of them twice 0.98.
    assert found(search, threshold=0.9) == BEST


def test_without_hybrid_search_nothing_is_ordered_again(search):
    plain = found(search, is_hybrid=False)
    get_options().set({"RAG_RERANKING_MODEL": "cross"})

    assert found(search, is_hybrid=False) == plain


@pytest.mark.parametrize(
    "broken",
    [
        {"RAG_RERANKING_MODEL": "nothing"},
        {"RAG_EXTERNAL_RERANKER_URL": "http://127.0.0.1:9/rerank"},
        {"RAG_EXTERNAL_RERANKER_URL": "nonsense"},
    ],
)
def test_a_reranker_that_fails_leaves_the_order_as_it_was(search, broken, caplog):
    plain = found(search)
    get_options().set(broken)

    assert found(search) == plain
    assert "stays in its order" in caplog.text
