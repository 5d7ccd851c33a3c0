"""The jobs of pipelines servers."""

import threading
import time
from contextvars import copy_context
from typing import Any

import orjson

from shared import db
from shared.config.secrets import seal, unseal
from shared.errors import NotFound
from shared.kinds.pipelines import (
    ASK_SERVER,
    FIND_SERVERS,
    UPLOAD_PIPELINE,
    AskServer,
    UploadPipeline,
)
from shared.models.job import COMPLETED
from shared.services import access, connections, models
from shared.services.connections import OPENAI, Connection
from workers.base import task
from workers.inference.chat import owner_of
from workers.live import Running
from workers.providers.errors import ProviderError
from workers.providers.line import Cut
from workers.providers.pipelines import Complaint, PipelinesServer

_PATIENCE_S = 6.0
# The contract's words for whatever has none of its own.
_UNKNOWN = "Pipeline not found"
_AWAY = "Open WebUI: Server Connection Error"


@task(FIND_SERVERS)
class Search:
    """Asks every OpenAI-compatible connection what it is, all at once."""

    def __init__(self, job: Running) -> None:
        with db.reading():
            access.require(owner_of(job), "use", "admin")
            self._connections = [
                c for c in connections.enabled() if c.kind == OPENAI and not c.is_local
            ]
        self._found: set[int] = set()

    def do(self) -> None:
        """Ask; a server that is dead or slow is none."""
        until = time.monotonic() + _PATIENCE_S
        threads = [
            threading.Thread(target=copy_context().run, args=(self._ask, c), daemon=True)
            for c in self._connections
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _ask(self, connection: Connection) -> None:
        try:
            if PipelinesServer(connection).is_one():
                self._found.add(connection.index)
        except ProviderError:
            return  # the list of models tells of it

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give the places of those that were found."""
        return {"indexes": sorted(self._found)}


class _Asking:
    """Asks one server, and keeps what it says, good or bad."""

    silence: tuple[int, str]

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, AskServer | UploadPipeline)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._result = job, {"status": 404, "detail": _UNKNOWN}
        with db.reading():
            access.require(owner_of(job), "use", "admin")
            self._connection = _connection_at(job.payload.index)

    def do(self) -> None:
        """Ask."""
        if self._connection is None:
            return
        cut = Cut()
        try:
            with self._job.abortable(cut.set):
                answer = self._ask(PipelinesServer(self._connection), cut)
        except Complaint as error:
            status, words = self.silence
            if (error.upstream_status or 0) >= 400:  # else it leads elsewhere, where nobody follows
                status, words = error.upstream_status or status, error.detail or words
            self._result = {"status": status, "detail": words}
        except ProviderError:
            self._result = dict(zip(("status", "detail"), self.silence, strict=True))
        else:
            self._result = {"status": 200, "sealed": seal(orjson.dumps(answer).decode())}

    def _ask(self, server: PipelinesServer, cut: Cut) -> Any:
        raise NotImplementedError

    def save(self, status: str, _error: str | None) -> dict[str, Any]:
        """Give what the server said."""
        return self._result if status == COMPLETED else {}


@task(ASK_SERVER)
class Asked(_Asking):
    """Asks a server in JSON; one that has other pipelines now is asked for its models anew."""

    silence = (404, _UNKNOWN)

    def _ask(self, server: PipelinesServer, cut: Cut) -> Any:
        ask = self._job.payload
        assert isinstance(ask, AskServer)  # noqa: S101 -- for the type checker: the kind decides
        body = orjson.loads(unseal(ask.sealed)) if ask.sealed else None
        return server.ask(ask.method, ask.path, body, cut)

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        """Give what the server said."""
        assert isinstance(self._job.payload, AskServer)  # noqa: S101 -- for the type checker: the kind decides
        if self._job.payload.method != "GET":
            models.outdate_offer()
        return super().save(status, error)


@task(UPLOAD_PIPELINE)
class Uploaded(_Asking):
    """Sends a source to a server."""

    silence = (500, _AWAY)

    def _ask(self, server: PipelinesServer, cut: Cut) -> Any:
        sent = self._job.payload
        assert isinstance(sent, UploadPipeline)  # noqa: S101 -- for the type checker: the kind decides
        return server.upload(sent.filename, unseal(sent.sealed).encode(), cut)

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        """Give what the server said."""
        models.outdate_offer()
        return super().save(status, error)


def _connection_at(index: int) -> Connection | None:
    """Give a connection that may be asked."""
    try:
        found = connections.find(OPENAI, index)
    except NotFound:
        return None
    return found if found.is_enabled else None
