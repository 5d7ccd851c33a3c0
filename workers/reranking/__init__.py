"""What orders again what was found, by reading question and text together: a server that the
options name, else a model in DATA_DIR/models.
"""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module

from shared.config.options import option
from workers.reranking.base import Reranker
from workers.vectors.base import Match


def get_reranker() -> Reranker | None:
    """Give the reranker of now, admins may change it at any time; None when none is chosen.

    Raises:
        Unavailable: It is not installed, or not on this server.
    """
    if option("RAG_EXTERNAL_RERANKER_URL"):
        kind = "external"
    elif option("RAG_RERANKING_MODEL"):
        kind = "local"
    else:
        return None
    made: Reranker = import_module(f"workers.reranking.{kind}").make()
    return made


def reranked(reranker: Reranker, question: str, found: Sequence[Match]) -> list[Match]:
    """Order matches by what a reranker says of each, which becomes its likeness.

    Raises:
        Unavailable: It does not answer, or not in its form.
        Forbidden: It does not accept the key.
        Invalid: It does not take the question.
    """
    if not found:
        return []
    scores = reranker.score(question, [match.text for match in found])
    again = [replace(match, score=score) for match, score in zip(found, scores, strict=True)]
    return sorted(again, key=lambda match: -match.score)
