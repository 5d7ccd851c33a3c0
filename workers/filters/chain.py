"""All filters of one turn, in their order: those of pipelines servers first."""

from typing import Any

from shared import db
from shared.kinds.inference import RunChat
from shared.services import message_trees, messages, models
from shared.services.accounts import Principal
from shared.services.models import Route
from workers.filters import base
from workers.filters.base import Body, Filter
from workers.filters.pipelines import PipelineFilter
from workers.live import Running

_NOT_FIELDS = ("id", "role", "content")


class Filters:
    """The filters of one turn.

    Attributes:
        changed: Messages of the chat that the outlets have changed; None before they have run.
    """

    def __init__(self, job: Running, user: Principal, route: Route) -> None:
        self._job = job
        steps = models.pipelines_on(route)
        self._filters: list[Filter] = [PipelineFilter(job, user, step) for step in steps]
        # A model that is itself a pipeline sees its own answer before the filters do.
        last = self._filters[-1:] if route.pipeline is not None else []
        self._backwards = [*last, *self._filters[: len(self._filters) - len(last)]]
        self.changed: list[dict[str, Any]] | None = None

    def __bool__(self) -> bool:
        return bool(self._filters)

    def inlet(self, request: RunChat) -> RunChat:
        """Let the filters see and change a request.

        Raises:
            FilterFailed: One does not let it pass.
            Stopped: The job has to end.
        """
        body = base.seen(self._job, request)
        for one in self._filters:
            body = one.inlet(body)
        return base.taken(request, body)

    def outlet(self, body: Body) -> Body:
        """Let the filters see and change a chat after an answer; errors as those of `inlet`."""
        for one in self._backwards:
            body = one.outlet(body)
        return body

    def finish(
        self, request: RunChat, content: str, fields: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Let the filters see and change the chat in which an answer stands that nobody has stored
        yet.

        Args:
            content: The answer, without what it goes on from.
            fields: What else its message is to keep.

        Returns:
            The whole content of the message, and what of it the filters have changed besides.
        """
        claim = self._job.claim
        with db.reading():
            tree = message_trees.as_tree(messages.of_chat(claim.chat_id or ""), {})
            path = message_trees.branch(tree, claim.message_id)
        if not path:
            return content, {}
        whole = path[-1]["content"] + content
        path[-1] = {**path[-1], **fields, "content": whole}
        sent = base.shown(path)
        about = {"chat_id": claim.chat_id, "session_id": request.session_id, "id": claim.message_id}
        made = self.outlet({"model": request.model, "messages": base.shown(path), **about})
        self.changed = base.changes(sent, made)
        mine = next((one for one in self.changed if one["id"] == claim.message_id), {})
        found = mine.get("content", whole)
        others = {n: v for n, v in mine.items() if n not in _NOT_FIELDS and path[-1].get(n) != v}
        return found if isinstance(found, str) else whole, others
