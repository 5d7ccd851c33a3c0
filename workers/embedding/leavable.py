"""An engine that a job leaves at once when it has to end, whatever server is being waited for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workers.abandoning import abandonable
from workers.live import Running
from workers.retrieval.base import Engine

if TYPE_CHECKING:
    from workers.vectors.base import Vectors


class LeavableEngine:
    """See `Engine`.

    Args:
        job: Whose end is heeded.
        engine: What does the work.
    """

    def __init__(self, job: Running, engine: Engine) -> None:
        self.name, self._job, self._engine = engine.name, job, engine

    def embed(self, texts: Sequence[str], is_query: bool = False) -> "Vectors":
        """See `Engine`.

        Raises:
            Stopped: The job has to end.
        """
        return abandonable(self._job, lambda: self._engine.embed(texts, is_query))
