"""Jobs that see whether a model works before something depends on it."""

from typing import Any

from shared.kinds.retrieval import TryReranker
from workers.live import Running
from workers.reranking import local
from workers.retrieval import parts


class EngineTrial:
    """Embeds a word."""

    def __init__(self, _job: Running) -> None:
        self._dim = 0

    def do(self) -> None:
        """Let the engine show that it works."""
        self._dim = parts.get_engine().embed(["word"]).shape[1]

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Tell the length of its vectors."""
        return {"dim": self._dim}


class RerankerTrial:
    """Lets a model of this server compare two words."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, TryReranker)  # noqa: S101 -- for the type checker: the kind decides
        self._model, self._score = job.payload.model, 0.0

    def do(self) -> None:
        """Let the model show that it works."""
        [self._score] = local.of(self._model).score("word", ["word"])

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Tell what it said."""
        return {"score": self._score}
