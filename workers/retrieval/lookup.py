"""The job that searches collections."""

from typing import Any

from sqlalchemy import select

from shared import db
from shared.errors import Forbidden, NotFound
from shared.kinds.retrieval import REINDEX, SearchCollections
from shared.models.job import ENDED, Job
from shared.services import accounts, collections, indexing, models, references
from shared.services.accounts import Principal
from workers.live import Running
from workers.retrieval import parts
from workers.retrieval.memories import as_distance
from workers.retrieval.searching import Search, wanted
from workers.vectors import get_index
from workers.vectors.base import Match


class Lookup:
    """Finds what stands in some collections that has to do with some questions."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, SearchCollections)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload
        self._found: list[Match] = []
        self._is_outdated = False
        with db.reading():
            user = accounts.principal_of(self._ask.user_id)
            if user is None:
                raise Forbidden
            check(user, self._ask.collections, self._ask.through)

    def do(self) -> None:
        """Search."""
        ask = self._ask
        search = Search(get_index(), parts.get_engine(), ask.collections)
        want = wanted(ask.limit, ask.best, ask.threshold, ask.hybrid)
        self._found = search.find(ask.queries, want)
        self._is_outdated = search.is_outdated

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give what was found in the contract's form: one list for all questions."""
        if self._is_outdated:
            _renew()
        return {
            "ids": [[match.id for match in self._found]],
            "documents": [[match.text for match in self._found]],
            "metadatas": [[match.meta for match in self._found]],
            "distances": [[as_distance(match.score) for match in self._found]],
        }


def check(user: Principal, names: list[str], through: str | None) -> None:
    """Let pass only who may read some collections, or has a model of whose knowledge they are.

    Raises:
        NotFound: One is not there, or not for this user.
    """
    known = knowledge_of(user, through) if through else set()
    for name in names:
        if name not in known and not collections.can(user, "read", name):
            raise NotFound(f"There is no collection '{name}'.")


def knowledge_of(user: Principal, model_id: str) -> set[str]:
    """Name the collections of a model's knowledge, if the user has the model."""
    try:
        model = models.find_visible(user, model_id)
    except NotFound:
        return set()
    known = ((model.get("info") or {}).get("meta") or {}).get("knowledge") or []
    return {
        name for item in known if isinstance(item, dict) for name in references.collections_in(item)
    }


def _renew() -> None:
    """Make everything searchable by the engine of now, unless somebody is at it already."""
    under_way = select(Job.id).where(Job.kind == REINDEX.name, Job.status.not_in(ENDED)).limit(1)
    admin = accounts.first_admin()
    if admin is not None and db.session().scalar(under_way) is None:
        indexing.reindex(admin.id)
