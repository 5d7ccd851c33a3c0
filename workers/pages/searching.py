"""The job that searches the web, reads what is found, and makes it searchable."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

from shared import db
from shared.config.options import option
from shared.errors import Forbidden, NotFound, SwitchyardError
from shared.http import Fetcher, Limits
from shared.kinds.retrieval import SearchWeb
from shared.services import accounts, collections, permissions
from workers import search
from workers.abandoning import abandonable
from workers.live import Running
from workers.pages.base import Page
from workers.pages.keeping import keep
from workers.pages.reading import read
from workers.search.base import Result

log = logging.getLogger(__name__)

# A page that is slower or larger than this is left out: others were found as well.
_LIMITS = Limits(size_bytes=5 * 1024 * 1024, total_s=15.0)


class WebSearching:
    """Searches the web for some questions."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, SearchWeb)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload
        self._pages: list[Page] = []
        self._fetchers: list[Fetcher] = []
        with db.reading():
            user = accounts.principal_of(self._ask.user_id)
            if user is None:
                raise Forbidden
            require(user)
        asked = "\n".join(self._ask.queries)
        self._name = collections.name_for(user.id, asked, collections.OF_SEARCHES)
        self._user = user

    def do(self) -> None:
        """Search, read, keep."""
        found: dict[str, Result] = {}
        for query in self._ask.queries:
            self._job.check()
            results = abandonable(self._job, partial(search.search, query))
            found |= {one.url: one for one in results}
        if not found:
            raise NotFound("No search results found.")
        self._pages = self._read_all(list(found.values()))
        if not option("BYPASS_WEB_SEARCH_EMBEDDING_AND_RETRIEVAL"):
            with db.transaction():
                collections.claim(self._user, self._name, "")
            keep(self._job, self._name, self._pages)

    def _read_all(self, found: list[Result]) -> list[Page]:
        """Read the pages, several at once; of one that cannot be read the engine's words count."""
        most = max(1, min(option("WEB_SEARCH_CONCURRENT_REQUESTS"), 20))

        def read_all() -> list[Page | None]:
            with ThreadPoolExecutor(most) as pool:
                reading = [pool.submit(copy_context().run, self._read, one) for one in found]
                return [one.result() for one in reading]

        with self._job.abortable(self._abort):
            pages = abandonable(self._job, read_all)
        return [page for page in pages if page is not None]

    def _abort(self) -> None:
        for fetcher in list(self._fetchers):
            fetcher.abort()

    def _read(self, one: Result) -> Page | None:
        fetcher = Fetcher(_LIMITS)
        self._fetchers.append(fetcher)
        try:
            page = read(one.url, fetcher)
        except SwitchyardError as error:
            log.info("a page that was found cannot be read: %s", type(error).__name__)
            text = one.text.strip()
            return Page(one.url, one.title, text) if text else None
        return Page(one.url, one.title or page.title, page.text)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Tell which pages there are and where they are found; their texts when they are nowhere
        else.
        """
        about: dict[str, Any] = {"filenames": [page.url for page in self._pages]}
        if option("BYPASS_WEB_SEARCH_EMBEDDING_AND_RETRIEVAL"):
            about["docs"] = [_doc(page) for page in self._pages]
        else:
            about["collection_names"] = [self._name]
        return {**about, "loaded_count": len(self._pages)}


def require(user: accounts.Principal) -> None:
    """Let pass only who may search the web here.

    Raises:
        Forbidden: Nobody may, or not this user.
    """
    if not option("ENABLE_WEB_SEARCH"):
        raise Forbidden("Web search is switched off on this server.")
    permissions.require(user, "features", "web_search")


def _doc(page: Page) -> dict[str, Any]:
    about = {"source": page.url, "title": page.title, "name": page.title}
    return {"content": page.text, "metadata": about}
