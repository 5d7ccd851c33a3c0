"""The job that clears away what belongs to rows that are gone."""

from typing import Any

from shared.kinds.retrieval import CleanUp
from shared.storage import get_storage
from workers.live import Running
from workers.vectors import get_index


class Cleaning:
    """Deletes objects and vectors; what is gone already is no mistake, so it may be done twice."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, CleanUp)  # noqa: S101 -- for the type checker: the kind decides
        self._ask = job.payload

    def do(self) -> None:
        """Delete."""
        for key in self._ask.objects:
            get_storage().delete(key)
        for collection in self._ask.collections:
            get_index().drop(collection)
        for collection, file_id in self._ask.parts:
            get_index().delete_file(collection, file_id)
        for collection, item_id in self._ask.points:
            get_index().delete(collection, [item_id])

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Say how much there was."""
        return {"objects": len(self._ask.objects), "collections": len(self._ask.collections)}
