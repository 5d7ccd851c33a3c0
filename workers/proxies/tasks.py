"""The jobs that pass a request on, and those that bring a server a file."""

from typing import Any

import orjson

from shared import db
from shared.kinds.proxies import DOWNLOAD_MODEL, MAINTAIN, PASS_ON, UPLOAD_MODEL, PassOn
from shared.models.job import COMPLETED
from shared.services import access, models
from workers.base import task
from workers.inference.chat import owner_of
from workers.live import Running
from workers.providers import provider_for
from workers.providers.behalf import asking_for
from workers.providers.line import Cut
from workers.proxies.finding import connection_of
from workers.proxies.model_files import Download, Upload


@task(PASS_ON)
@task(MAINTAIN)
class PassedOn:
    """Passes one request on, and tells what comes back."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, PassOn)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, (ask := job.payload)
        self._result: dict[str, Any] = {}
        with db.statements(write=False):
            self._owner = owner_of(job)
            self._check_rights()
        self._provider = provider_for(connection_of(ask.kind, ask.index, ask.mark))

    def _check_rights(self) -> None:
        """Look the rights up again: they may have changed since the job was accepted."""
        if self._ask.model is None:
            access.require(self._owner, "use", "admin")
        else:
            models.route(self._owner, self._ask.model)

    def do(self) -> None:
        """Ask, and tell each item as it comes, or keep the whole answer."""
        with asking_for(self._owner):
            if self._ask.is_stream:
                self._relay()
            else:
                self._complete()

    def _relay(self) -> None:
        stream = self._provider.items(self._ask.path, self._ask.body or {})
        with self._job.abortable(stream.abort):
            try:
                for events in stream.batches():
                    for kind, data in events:
                        self._job.writer.emit(kind, data)
            finally:
                stream.close()

    def _complete(self) -> None:
        body = None if self._ask.body is None else orjson.dumps(self._ask.body)
        cut = Cut()
        with self._job.abortable(cut.set):
            answer = self._provider.ask(self._ask.method, self._ask.path, body, cut)
        self._result = {"answer": answer}

    def save(self, status: str, _error: str | None) -> dict[str, Any]:
        """Keep the answer with the job; what a server was made to fetch is offered from now on."""
        if status == COMPLETED and self._job.claim.kind == MAINTAIN.name:
            models.outdate_offer()
        return self._result


task(DOWNLOAD_MODEL)(Download)
task(UPLOAD_MODEL)(Upload)
