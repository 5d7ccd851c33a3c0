"""Small tasks of the task model for a client that waits."""

from typing import Any

from shared import db
from shared.kinds.inference import RunTask
from workers.filters.small import Matter, through_pipelines
from workers.inference.asking import body_for, completion_for_itself, task_route, text_of
from workers.inference.chat import owner_of
from workers.live import Running
from workers.providers import provider_for


class TaskTurn:
    """Does a small task for a client that waits for the model's own answer."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, RunTask)  # noqa: S101 -- for the type checker: the kind decides
        self._job, asked = job, job.payload
        self._task = asked.task
        with db.reading():
            self._owner = owner_of(job)
            self._route = task_route(self._owner, asked.model)
        said = [{"role": str(m.get("role")), "content": text_of(m)} for m in asked.messages]
        about = (asked.prompt, asked.words)
        self._body = body_for(asked.task, self._route, said, self._owner.name, *about)
        self._matter = Matter(asked.task, asked.model, asked.messages)
        self._completion: dict[str, Any] = {}

    def do(self) -> None:
        """Ask.

        Raises:
            FilterFailed: A pipeline does not let it pass.
        """
        passed = self._job, self._owner, self._route, self._body, self._matter
        route, body = through_pipelines(*passed)
        asked = route, provider_for(route.connection)
        self._completion, _ = completion_for_itself(self._job, self._owner, asked, body, self._task)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give the completion as it came."""
        return {"completion": self._completion, "usage": self._completion.get("usage")}
