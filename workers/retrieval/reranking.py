"""Ordering what was found again, by a model that reads question and text together.

Source: https://docs.cohere.com/reference/rerank; Jina, vLLM and others answer the same way.
"""

from collections.abc import Sequence
from dataclasses import replace

from shared.config.options import option
from shared.errors import Unavailable
from workers import servers
from workers.vectors.base import Match


def reranked(question: str, found: Sequence[Match]) -> list[Match]:
    """Order matches by the server that the options name; as they are when there is none.

    Raises:
        Unavailable: The server does not answer, or not in its form.
    """
    url = option("RAG_EXTERNAL_RERANKER_URL")
    if not url or not found:
        return list(found)
    asked = {
        "model": option("RAG_RERANKING_MODEL"),
        "query": question,
        "documents": [match.text for match in found],
        "top_n": len(found),
    }
    answer = servers.ask(url, asked, key=option("RAG_EXTERNAL_RERANKER_API_KEY"))
    try:
        scored = [(found[one["index"]], one["relevance_score"]) for one in answer["results"]]
        scored.sort(key=lambda one: -one[1])
    except (KeyError, TypeError, IndexError):
        raise Unavailable("The reranking server answered in an unknown form.") from None
    return [replace(match, score=_as_likeness(score)) for match, score in scored]


def _as_likeness(score: float) -> float:
    """Bring a score that is mostly 0 to 1 between the borders of a likeness."""
    return min(max(float(score), -1.0), 1.0)
