"""The job that a reindex needs beside those of files: vectors of collections whose pages and texts
stand nowhere else.
"""

from dataclasses import replace
from typing import Any

from shared.kinds.retrieval import RenewCollection
from shared.services.reindexing import engine_of, mark_of
from workers.embedding.leavable import LeavableEngine
from workers.live import Running
from workers.retrieval import parts
from workers.retrieval.filling import BATCH, embedded
from workers.vectors import Item, get_index


class Renewing:
    """Embeds the texts of a collection anew. Until all are ready it stays as it was."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, RenewCollection)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._collection = job, job.payload.collection
        self._count = 0

    def do(self) -> None:
        """Embed what another engine has made, and let it take the place of that."""
        index, engine = get_index(), LeavableEngine(self._job, parts.get_engine())
        items = index.get(self._collection, index.ids(self._collection))
        if all(engine_of(item.meta) == engine.name for item in items):
            return
        renewed: list[Item] = []
        for start in range(0, len(items), BATCH):
            self._job.check()
            batch = items[start : start + BATCH]
            vectors = embedded(index, engine, [item.text for item in batch])
            renewed += [
                replace(
                    item,
                    vector=vector,
                    meta={**item.meta, "embedding_config": mark_of(engine.name)},
                )
                for item, vector in zip(batch, vectors, strict=True)
            ]
        index.replace(self._collection, renewed)
        self._count = len(renewed)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Say what was done."""
        return {"collection": self._collection, "chunks": self._count}
