"""A server that reranks.

Source: https://docs.cohere.com/reference/rerank; Jina, vLLM and others answer the same way.
"""

import math
from collections.abc import Sequence

from shared.config.options import option
from shared.errors import Unavailable
from workers import servers


class ExternalReranker:
    """See `Reranker`.

    Args:
        url: Of its `/rerank`.
        key: Sent as a bearer's.
        model: By its name there.
    """

    def __init__(self, url: str, key: str, model: str) -> None:
        self._url, self._key, self._model = url, key, model

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """See `Reranker`."""
        asked = {
            "model": self._model,
            "query": question,
            "documents": list(texts),
            "top_n": len(texts),
        }
        answer = servers.ask(self._url, asked, key=self._key)
        scores = [0.0] * len(texts)  # of what it leaves out
        try:
            for one in answer["results"]:
                scores[one["index"]] = float(one["relevance_score"])
        except (KeyError, TypeError, IndexError, ValueError):
            raise Unavailable("The reranking server answered in an unknown form.") from None
        return scores if all(0 <= score <= 1 for score in scores) else _likelihoods(scores)


def _likelihoods(logits: list[float]) -> list[float]:
    """Bring to 0 to 1 what some servers, as llama.cpp's, give as it comes out of their model."""
    return [1 / (1 + math.exp(-min(max(logit, -50.0), 50.0))) for logit in logits]


def make() -> ExternalReranker:
    """Give the reranker that the options name."""
    return ExternalReranker(
        option("RAG_EXTERNAL_RERANKER_URL"),
        option("RAG_EXTERNAL_RERANKER_API_KEY"),
        option("RAG_RERANKING_MODEL"),
    )
