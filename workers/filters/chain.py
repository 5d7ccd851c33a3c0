"""All filters of one turn, in their order: those of pipelines servers first."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared import db
from shared.kinds.inference import RunChat
from shared.models.function import FILTER
from shared.services import message_trees, messages, models
from shared.services.accounts import Principal
from shared.services.models import Route
from workers.filters import base
from workers.filters.base import Body, Filter, Job
from workers.providers.base import Event

if TYPE_CHECKING:
    from workers.filters.functions import FunctionFilter
    from workers.filters.pipelines import PipelineFilter
    from workers.filters.streaming import Streams
    from workers.plugins import Listener


# What functions may ask for by itself.
_KNOWN = ("chat_id", "message_id", "session_id", "files")
_NOT_FIELDS = ("id", "role", "content")


@dataclass(frozen=True)
class Circumstances:
    """What functions have to know of the turn that they are called in.

    Attributes:
        listener: Makes the one who hears what they tell, if there are any.
        chosen: Of the filters that users switch on those that are; None: all.
    """

    listener: Callable[[], "Listener"]
    chosen: Collection[str] | None = None


def pipelines_on(job: Job, user: Principal, route: Route) -> "list[PipelineFilter]":
    """List the pipelines of servers that see what goes to a model, in their order."""
    steps = models.pipelines_on(route)
    if not steps:
        return []
    from workers.filters.pipelines import PipelineFilter  # noqa: PLC0415 -- most turns have none

    return [PipelineFilter(job, user, step) for step in steps]


def _functions_on(
    job: Job, user: Principal, route: Route, turn: Circumstances
) -> "list[FunctionFilter]":
    cards = [
        card
        for card in models.functions_on(route.model_id, FILTER)
        if not card.is_choice or turn.chosen is None or card.id in turn.chosen
    ]
    if not cards:
        return []
    from workers.filters.functions import loaded  # noqa: PLC0415 -- most turns have none

    return loaded(job, user, [card.id for card in cards], turn.listener())


def _streams_of(functions: "list[FunctionFilter]", model: str) -> "Streams | None":
    found = [stream for one in functions if (stream := one.stream()) is not None]
    if not found:
        return None
    from workers.filters.streaming import Streams  # noqa: PLC0415 -- most turns have none

    return Streams(found, model)


class Filters:
    """The filters of one turn; to be made in a transaction.

    Attributes:
        changed: Messages of the chat that the outlets have changed; None before they have run.
    """

    def __init__(self, job: Job, user: Principal, route: Route, turn: Circumstances) -> None:
        self._job = job
        asked = pipelines_on(job, user, route)
        called = self._functions = _functions_on(job, user, route, turn)
        self._filters: list[Filter] = [*asked, *called]
        # A model that is itself a pipeline sees its own answer before the filters do.
        last = asked[-1:] if route.pipeline is not None else []
        self._backwards: list[Filter] = [*last, *asked[: len(asked) - len(last)], *called]
        self._streams: Streams | None = None
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
        self._make_known(request.model, body["metadata"])
        for one in self._filters:
            body = one.inlet(body)
        made = base.taken(request, body)
        self._streams = _streams_of(self._functions, made.model)
        return made

    def stream(self, events: list[Event]) -> list[Event]:
        """Let what a model says pass through the filters that see it as it comes; errors as those
        of `inlet`.
        """
        return events if self._streams is None else self._streams.passed(events)

    def _make_known(self, model_id: str, about: dict[str, Any]) -> None:
        """Let functions ask what the turn is about."""
        if not self._functions:
            return
        known = {f"__{name}__": about.get(name) for name in _KNOWN}
        model = models.shown_to_functions(model_id)
        for one in self._functions:
            one.know(__metadata__={**about, "model": model}, __model__=model, **known)

    def outlet(self, body: Body) -> Body:
        """Let the filters see and change a chat after an answer; errors as those of `inlet`."""
        about = {name: body.get(name) for name in ("chat_id", "session_id")}
        about |= {"message_id": body.get("id"), "user_id": self._job.claim.user_id}
        self._make_known(str(body.get("model")), about)
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
