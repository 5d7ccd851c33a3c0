"""Finding the chunks that have to do with questions: by vectors, and by words as well.

Two orders become one by reciprocal rank fusion. Source: Cormack, Clarke, Büttcher, "Reciprocal Rank
Fusion outperforms Condorcet", SIGIR 2009. Their constant, 60, is for long orders: in ours of some
twenty a small one keeps the best of each on top, see tests/workers/retrieval/test_quality.py.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.config.options import option
from shared.errors import Forbidden, Invalid, Unavailable
from shared.services import reindexing
from workers.reranking import get_reranker, reranked
from workers.retrieval.base import Engine
from workers.vectors import words
from workers.vectors.base import Index, Match

if TYPE_CHECKING:
    from workers.vectors.base import Vectors

log = logging.getLogger(__name__)

_CONSTANT = 5
# So many candidates for each one that is wanted, and so many at least, are looked at in each order.
_SPARE, _LEAST = 4, 20


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a search; see `SearchCollections`."""

    limit: int
    best: int
    threshold: float
    is_hybrid: bool


def wanted(
    limit: int | None, best: int | None, threshold: float | None, hybrid: bool | None
) -> Wanted:
    """Say what is wanted; what is not said stands in the options."""
    return Wanted(
        option("RAG_TOP_K") if limit is None else limit,
        option("RAG_TOP_K_RERANKER") if best is None else best,
        option("RAG_RELEVANCE_THRESHOLD") if threshold is None else threshold,
        option("ENABLE_RAG_HYBRID_SEARCH") if hybrid is None else hybrid,
    )


class Search:
    """One search over some collections.

    Attributes:
        is_outdated: Whether there were vectors that another engine had made; they are not compared.
    """

    def __init__(self, index: Index, engine: Engine, collections: Sequence[str]) -> None:
        self._index, self._engine = index, engine
        self._collections = collections
        self.is_outdated = False

    def find(self, questions: Sequence[str], want: Wanted) -> list[Match]:
        """Find the chunks nearest to any of some questions, each text once, best first.

        Raises:
            Unavailable: Index or engine does not answer.
        """
        vectors = self._engine.embed(questions, is_query=True)
        best: dict[str, tuple[float, Match]] = {}
        for question, vector in zip(questions, vectors, strict=True):
            for rank, match in self._ordered(question, vector, want):
                if match.text not in best or best[match.text][0] < rank:
                    best[match.text] = (rank, match)
        found = [match for _, match in sorted(best.values(), key=lambda one: -one[0])]
        if want.is_hybrid:
            found = _again(questions[0], found[: _depth(want)])[: want.best]
        found = found[: want.limit]
        return [match for match in found if match.score >= want.threshold or not want.threshold]

    def _ordered(self, question: str, vector: "Vectors", want: Wanted) -> list[tuple[float, Match]]:
        depth = _depth(want)
        near = [m for m in self._index.search(self._collections, vector, depth) if self._fits(m)]
        if not near:
            self._look_for_outdated()
        if not want.is_hybrid and not self.is_outdated:
            return [(match.score, match) for match in near]
        return self._fused(near, self._by_words(question, vector, depth))

    def _fits(self, match: Match) -> bool:
        """Whether a vector is of this engine; what does not say whose it is counts."""
        fits = reindexing.engine_of(match.meta) in (None, self._engine.name)
        self.is_outdated = self.is_outdated or not fits
        return fits

    def _look_for_outdated(self) -> None:
        """See whether nothing was found because all vectors are of another engine."""
        for collection in self._collections:
            ids = self._index.ids(collection)[:1]
            for item in self._index.get(collection, ids):
                self._fits(Match(item.id, item.text, item.meta, 0.0))

    def _by_words(self, question: str, vector: "Vectors", depth: int) -> list[Match]:
        """Find by words; the likeness of what is found is that of its vector, where it has one that
        can be compared.
        """
        found = []
        for place in words.search(self._collections, question, depth):
            for item in self._index.get(place.collection, [place.id]):
                match = Match(item.id, item.text, item.meta, 0.0)
                if self._fits(match) and item.vector.shape == vector.shape:
                    match = replace(match, score=float(item.vector @ vector))
                found.append(match)
        return found

    def _fused(self, *orders: Sequence[Match]) -> list[tuple[float, Match]]:
        ranks: dict[str, float] = {}
        of: dict[str, Match] = {}
        for order in orders:
            for place, match in enumerate(order, 1):
                ranks[match.text] = ranks.get(match.text, 0.0) + 1 / (_CONSTANT + place)
                of.setdefault(match.text, match)
        return sorted(((rank, of[text]) for text, rank in ranks.items()), key=lambda one: -one[0])


def _depth(want: Wanted) -> int:
    """Tell how many candidates are looked at."""
    return max(want.limit * _SPARE, _LEAST)


def _again(question: str, found: list[Match]) -> list[Match]:
    """Order again by the reranker, if there is one; an answer without it is better than none."""
    try:
        reranker = get_reranker()
        return found if reranker is None else reranked(reranker, question, found)
    except (Unavailable, Forbidden, Invalid) as error:
        log.warning("what was found stays in its order: %s", error)
        return found
