"""The jobs of the catalogue."""

import logging
import threading
import time
from contextvars import copy_context
from typing import Any
from urllib.parse import urlsplit

from shared import db
from shared.config.secrets import unseal
from shared.errors import Busy, NotFound
from shared.ids import now_s
from shared.kinds.catalogue import CALL_CONNECTION, REFRESH_MODELS, CallConnection
from shared.services import connections, models, pipes
from shared.services.connections import Connection
from workers.base import task
from workers.catalogue.offers import as_models
from workers.live import Running
from workers.plugins.base import PluginFailed
from workers.providers import provider_for
from workers.providers.errors import ProviderError, Unavailable

log = logging.getLogger(__name__)

# A slow server delays the list by no more than this; it is in the next one.
_PATIENCE_S = 6.0
_NEXT_TRY_S = 0.2
# What the log says of each connection so far.
_told: dict[Connection, str] = {}


@task(REFRESH_MODELS)
class Refresh:
    """Asks every connection for its models, all at once; one that is dead or slow keeps what it
    offered before.
    """

    def __init__(self, job: Running) -> None:
        self._job = job
        self._edition = models.edition()
        self._until = time.monotonic() + _PATIENCE_S
        with db.reading():
            self._connections = [*connections.enabled(), *pipes.enabled()]
            self._unasked_for = set(filter(connections.is_unasked_for, self._connections))
        self._problems: dict[Connection, str] = {}
        self._found: dict[tuple[str, int], list[dict[str, Any]]] = {}

    def do(self) -> None:
        """Ask, and publish the new offer."""
        threads = [
            threading.Thread(target=copy_context().run, args=(self._ask, c), daemon=True)
            for c in self._connections
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, self._until - time.monotonic()))
        for connection in self._connections:
            self._tell(connection)
        before = models.offer() or []
        offer: list[dict[str, Any]] = []
        for connection in self._connections:
            place = (connection.kind, connection.index)
            found = self._found.get(place)
            kept = [{**m, "urlIdx": connection.index} for m in before if _is_of(m, connection)]
            offer += kept if found is None else found
        models.save_offer(_one_of_each(offer), self._edition)

    def _ask(self, connection: Connection) -> None:
        try:
            raw = self._models_of(connection)
        except (ProviderError, PluginFailed, Busy) as error:
            self._problems[connection] = str(error)
            return
        self._found[connection.kind, connection.index] = as_models(connection, raw, now_s())

    def _models_of(self, connection: Connection) -> list[dict[str, Any]]:
        """Ask a server for its models. Our own may be starting still, as we have just been: it is
        asked again, so that a newcomer's first list has its models.
        """
        while True:
            try:
                return provider_for(connection).models()
            except Unavailable:
                if not connection.is_local or time.monotonic() > self._until - _NEXT_TRY_S:
                    raise
                time.sleep(_NEXT_TRY_S)

    def _tell(self, connection: Connection) -> None:
        """Write into the log what is news about a connection: all are asked every minute."""
        problem = self._problems.get(connection, "")
        if not problem and (connection.kind, connection.index) not in self._found:
            host = urlsplit(connection.url).netloc
            problem = f"{host} has not answered within {_PATIENCE_S:g} s."
        if problem == _told.get(connection, ""):
            return
        _told[connection] = problem
        if problem:
            level = logging.INFO if connection in self._unasked_for else logging.WARNING
            log.log(level, "a connection gives no models: %s", problem)
        else:
            log.info("%s gives models again", urlsplit(connection.url).netloc)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Keep nothing but the count; the offer itself is in Redis."""
        return {"count": sum(map(len, self._found.values()))}


def _is_of(model: dict[str, Any], connection: Connection) -> bool:
    """Whether a connection has offered a model, perhaps from another place in the list."""
    return (model["connection"], model["mark"]) == (connection.kind, connection.mark)


def _one_of_each(offer: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep one entry per id; an Ollama model on several servers names them all."""
    unique: dict[str, dict[str, Any]] = {}
    for model in offer:
        first = unique.setdefault(model["id"], model)
        if first is not model and "ollama" in first and "ollama" in model:
            first["ollama"]["urls"] = [*first["ollama"]["urls"], *model["ollama"]["urls"]]
    return list(unique.values())


@task(CALL_CONNECTION)
class Call:
    """Asks one connection one thing for an admin."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, CallConnection)  # noqa: S101 -- for the type checker: the kind decides
        self._ask = job.payload
        self._answer: Any = None

    def do(self) -> None:
        """Ask."""
        question = _QUESTIONS.get(self._ask.question)
        if question is None:
            raise NotFound
        self._answer = question(self._provider())

    def _provider(self) -> Any:
        if self._ask.index is not None:
            with db.reading():
                return provider_for(connections.find(self._ask.kind, self._ask.index))
        tried = Connection(self._ask.kind, 0, self._ask.url.rstrip("/"), unseal(self._ask.sealed))
        return provider_for(tried)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give the answer to whoever waits."""
        return {"answer": self._answer}


_QUESTIONS = {
    "version": lambda provider: provider.version(),
    "models": lambda provider: provider.listing(),
}
