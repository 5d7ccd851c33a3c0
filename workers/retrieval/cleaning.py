"""The job that clears away what belongs to rows that are gone."""

from typing import Any

from shared.kinds.retrieval import CleanUp
from shared.storage import get_storage
from workers.live import Running


class Cleaning:
    """Deletes objects; what is gone already is no mistake, so it may be done twice."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, CleanUp)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload

    def do(self) -> None:
        """Delete."""
        for key in self._ask.objects:
            get_storage().delete(key)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Say how much there was."""
        return {"objects": len(self._ask.objects)}
