"""A pipe as a provider: its function is called where others ask a server."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from shared import db
from shared.errors import Reason
from shared.services import pipes
from workers import plugins
from workers.filters.base import as_user
from workers.page_calls import page_of
from workers.pipes import turn
from workers.pipes.pieces import PieceReader, completion_of
from workers.plugins.base import Listener, PluginFailed, Silence
from workers.plugins.listening import TurnListener, UserListener
from workers.plugins.plugin import Plugin
from workers.providers import behalf
from workers.providers.base import Event, Timeouts
from workers.providers.errors import Refused
from workers.providers.line import Cut
from workers.providers.lines import Unreadable
from workers.providers.upstream import Connection

_NO_SERVER = "A pipe is no server, and has no such door."


class PipeProvider:
    """See `base.Provider`."""

    def __init__(self, connection: Connection, _timeouts: Timeouts) -> None:
        self._id = connection.url.rpartition("/")[2]

    def models(self) -> list[dict[str, Any]]:
        """List the models that the function is: itself, or those that it names.

        Source: contract, chat-flow §11 (manifolds).
        """
        plugin, name = self._plugin()
        told = plugin.describe()
        listed = told["attributes"].get("pipes")
        if "pipes" in told["methods"]:
            listed = plugin.call("pipes", {})
        if listed is None:
            return [{"id": self._id, "name": name}]
        prefix = told["attributes"].get("name") or ""
        return [
            {"id": f"{self._id}.{one['id']}", "name": f"{prefix}{one.get('name') or one['id']}"}
            for one in (listed if isinstance(listed, list) else [])
            if isinstance(one, dict) and one.get("id")
        ]

    def listing(self) -> dict[str, Any]:
        """List the models in OpenAI's form."""
        return {"object": "list", "data": self.models()}

    def version(self) -> dict[str, Any]:
        """Load the function."""
        return self.listing()

    def stream(self, body: dict[str, Any]) -> "PipeAnswer":
        """Let it answer, piece by piece."""
        return PipeAnswer(self, {**body, "stream": True})

    def complete(self, body: dict[str, Any], cut: Cut | None = None) -> dict[str, Any]:
        """Let it answer in one piece."""
        answer = PipeAnswer(self, {**body, "stream": False}, cut)
        return completion_of(str(body.get("model", "")), answer)

    def items(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ARG002 -- the protocol's signature
        """Refuse.

        Raises:
            Refused: Always.
        """
        raise Refused(_NO_SERVER, reason=Reason.BAD_REQUEST)

    def ask(self, method: str, path: str, body: bytes | None, cut: Cut | None = None) -> Any:  # noqa: ARG002 -- as above
        """Refuse.

        Raises:
            Refused: Always.
        """
        raise Refused(_NO_SERVER, reason=Reason.BAD_REQUEST)

    def close(self) -> None:
        """Nothing stays open."""

    def called(self, body: dict[str, Any], cut: Cut) -> Iterator[Any]:
        """Call the function for whoever asks now; gives what it yields, then what it returns.

        Raises:
            As the methods of `Plugin`; Refused, when it is no pipe any more.
        """
        now, user = turn.current(), behalf.user()
        plugin, _ = self._plugin(None if user is None else user.id)
        extras: dict[str, Any] = {"__task__": behalf.TASK_NAMES.get(behalf.task() or "")}
        listener: Listener = Silence()
        if user is not None:
            extras["__user__"] = as_user(user)
            listener = UserListener(user.id)
        extras["__task_body__"] = body if extras["__task__"] else None
        if now is not None:
            extras |= turn.about(now)
            page = page_of(now.request, now.owner.id)
            use = now.tools.use if now.tools is not None else None
            listener = TurnListener(now.job, now.teller, page, use)
        returned = yield from plugin.stream("pipe", {"body": body}, extras, listener, cut)
        if returned is not None:
            yield returned

    def _plugin(self, user_id: str | None = None) -> tuple[Plugin, str]:
        with db.reading():
            row = pipes.find(self._id)
            if row is None:
                words = f"The function {self._id} is no pipe that is switched on."
                raise Refused(words, reason=Reason.NOT_FOUND)
            return plugins.of_row(row, user_id), row.name


class PipeAnswer:
    """An answer under way; see `base.Stream`."""

    def __init__(self, pipe: PipeProvider, body: dict[str, Any], cut: Cut | None = None) -> None:
        self._pipe, self._body = pipe, body
        self._cut = cut or Cut()
        self._batches = self._receive()
        self._events = chain.from_iterable(self._batches)

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        return next(self._events)

    def batches(self) -> Iterator[list[Event]]:
        """Iterate over lists of events."""
        return self._batches

    def close(self) -> None:
        """End the call."""
        self._cut.set()

    def abort(self) -> None:
        """End the answer from any thread or greenlet."""
        self._cut.set()

    def _receive(self) -> Iterator[list[Event]]:
        reader = PieceReader(str(self._body.get("model", "")))
        try:
            for piece in self._pipe.called(self._body, self._cut):
                events, told = reader.read(piece)
                for event in told:
                    _tell(event)
                if events:
                    yield events
        except PluginFailed as failed:
            raise Refused(failed.words or failed.message, reason=failed.reason) from None
        except Unreadable as error:
            raise Refused(f"The pipe's answer: {error}", reason=Reason.BAD_REQUEST) from None
        yield reader.finish()


def _tell(event: dict[str, Any]) -> None:
    now = turn.current()
    if now is not None:
        now.teller.tell(event)
