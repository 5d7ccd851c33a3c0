"""The job that lets outlet filters see a chat."""

from typing import Any

from shared import db
from shared.kinds.filters import RUN_OUTLET, RunOutlet
from shared.models.job import COMPLETED
from shared.services import models
from workers.base import task
from workers.filters.base import Body, FilterFailed
from workers.filters.chain import Circumstances, Filters
from workers.functions.calling import page_in
from workers.inference.chat import check_chat, owner_of
from workers.inference.telling import Teller
from workers.live import Running
from workers.plugins.listening import TurnListener


class _Unwritten:
    """Stands in for an answer: this one is written already."""

    def add_text(self, piece: str) -> None:
        """Let it be."""

    def replace(self, text: str) -> None:
        """Let it be."""


def _listener(job: Running, chat: Body) -> TurnListener:
    return TurnListener(job, Teller(job, _Unwritten()), page_in(job, chat))


def _circumstances(job: Running, chat: Body) -> Circumstances:
    chosen = chat.get("filter_ids")
    return Circumstances(lambda: _listener(job, chat), chosen if isinstance(chosen, list) else None)


@task(RUN_OUTLET)
class Outlet:
    """Runs the outlet filters over what a page has sent."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, RunOutlet)  # noqa: S101 -- for the type checker: the kind decides
        self._chat: Body = job.payload.chat
        with db.reading():
            owner = owner_of(job)
            check_chat(job, owner)
            route = models.route(owner, job.payload.model)
            self._filters = Filters(job, owner, route, _circumstances(job, self._chat))

    def do(self) -> None:
        """Run them.

        Raises:
            FilterFailed: One fails, or gives back something that is no chat.
        """
        self._chat = self._filters.outlet(self._chat)
        if not isinstance(self._chat.get("messages"), list):
            raise FilterFailed("Error: a filter gave back something that is no chat.")

    def save(self, status: str, _error: str | None) -> dict[str, Any]:
        """Give what they made of it."""
        return {"chat": self._chat} if status == COMPLETED else {}
