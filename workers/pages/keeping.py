"""Jobs that make pages and texts searchable in a collection."""

import hashlib
from collections.abc import Sequence
from typing import Any

from shared import db
from shared.config.options import option
from shared.errors import Forbidden, Invalid
from shared.http import Fetcher
from shared.kinds.retrieval import KeepText, ReadPage
from shared.services import accounts, collections, reindexing
from workers.abandoning import abandonable
from workers.embedding.leavable import LeavableEngine
from workers.live import Running
from workers.pages.base import Page
from workers.pages.reading import read
from workers.retrieval import parts
from workers.retrieval.base import Extract
from workers.retrieval.filling import Filler
from workers.vectors import get_index


class _Keeping:
    """What both have in common: the collection is looked up again, then filled."""

    def __init__(self, job: Running, collection: str) -> None:
        self._job, self._collection = job, collection
        self._page: Page | None = None
        with db.reading():
            user = accounts.principal_of(job.claim.user_id or "")
            if user is None:
                raise Forbidden
            collections.require(user, [collection], "write")

    def _keep(self, page: Page) -> None:
        self._page = page
        if not option("BYPASS_EMBEDDING_AND_RETRIEVAL"):
            keep(self._job, self._collection, [page])

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give what was read."""
        if self._page is None:
            return {}
        page = self._page
        about = {"title": page.title, "source": page.url, "content": page.text}
        return {"collection_name": self._collection, **about}


class PageReading(_Keeping):
    """Reads a web page, or what is said in a video."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, ReadPage)  # noqa: S101 -- for the type checker: the kind decides
        self._url = job.payload.url
        super().__init__(job, job.payload.collection)

    def do(self) -> None:
        """Fetch, find the text, keep it."""
        fetcher = Fetcher()
        with self._job.abortable(fetcher.abort):
            self._keep(abandonable(self._job, lambda: read(self._url, fetcher)))


class TextKeeping(_Keeping):
    """Keeps a text that a client sends."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, KeepText)  # noqa: S101 -- for the type checker: the kind decides
        self._ask = job.payload
        super().__init__(job, job.payload.collection)

    def do(self) -> None:
        """Keep it."""
        if not self._ask.content.strip():
            raise Invalid("The text is empty.")
        self._keep(Page(self._ask.name, self._ask.name, self._ask.content))


def keep(job: Running, collection: str, pages: Sequence[Page]) -> None:
    """Make pages searchable in a collection; each takes the place of what was there of it."""
    engine = LeavableEngine(job, parts.get_engine())

    def step(done: int, total: int, note: str) -> None:
        job.check()
        progress = {"done": done, "total": total, "unit": "chunks", "note": note}
        job.writer.emit("progress", progress)

    filler = Filler(get_index(), engine, step)
    for page in pages:
        chunks = parts.get_splitter().split(Extract(page.text))
        filler.put(collection, _mark(page), chunks, _meta(page, engine.name, job.claim.user_id))


def _mark(page: Page) -> str:
    return hashlib.sha256(page.url.encode()).hexdigest()[:48]


def _meta(page: Page, engine: str, user_id: str | None) -> dict[str, Any]:
    return {
        "file_id": _mark(page),
        "name": page.title,
        "title": page.title,
        "source": page.url,
        "created_by": user_id,
        "hash": hashlib.sha256(page.text.encode("utf-8", "surrogatepass")).hexdigest(),
        "embedding_config": reindexing.mark_of(engine),
    }
