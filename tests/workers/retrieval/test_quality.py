"""How well what is asked for is found: by the local model, and with words beside it."""

import pytest

from tests.workers.retrieval.passages import QUESTIONS, passages
from workers.embedding import get_engine
from workers.retrieval.searching import Search, Wanted
from workers.vectors import Item, get_index

# As many as go into an answer's context unless an admin says otherwise.
TOP_K = 3
LEAST = 45


class Cached:
    """The local engine; a question is embedded once for both ways of searching."""

    def __init__(self, engine):
        self.name, self._engine, self._known = engine.name, engine, {}

    def embed(self, texts, is_query=False):
        key = tuple(texts)
        if key not in self._known:
            self._known[key] = self._engine.embed(texts)
        return self._known[key]


@pytest.mark.usefixtures("world")
def test_the_right_passages_of_two_hundred_are_found_and_more_of_them_with_words():
    engine, index, known = Cached(get_engine()), get_index(), passages()
    vectors = engine.embed(list(known.values()))
    items = [
        Item(name, text, vector, {"file_id": name})
        for (name, text), vector in zip(known.items(), vectors, strict=True)
    ]
    index.put("c", items)

    def missed(is_hybrid):
        search, want = Search(index, engine, ["c"]), Wanted(TOP_K, TOP_K, 0.0, is_hybrid)
        found = {q: [m.id for m in search.find([q], want)] for q in QUESTIONS}
        return {q: found[q] for q, name in QUESTIONS.items() if name not in found[q]}

    by_vectors, hybrid = missed(is_hybrid=False), missed(is_hybrid=True)

    assert len(known) == 200
    assert len(QUESTIONS) - len(by_vectors) >= LEAST, by_vectors
    assert len(hybrid) < max(len(by_vectors), 1), hybrid
