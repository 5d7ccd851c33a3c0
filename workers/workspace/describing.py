"""The job that loads a tool or a function and keeps what is in it."""

from typing import Any

from shared import db
from shared.errors import NotFound
from shared.kinds.workspace import DESCRIBE_PLUGIN, DescribePlugin
from shared.models.function import Function
from shared.models.job import COMPLETED
from shared.models.tool import Tool
from shared.services import descriptions
from workers import plugins
from workers.base import task
from workers.live import Running
from workers.plugins.base import PluginFailed
from workers.providers.line import Cut

_KEPT = ("valves", "user_valves", "methods", "attributes")


@task(DESCRIBE_PLUGIN)
class Describing:
    """Loads one, in its jail."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, DescribePlugin)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._wanted = job, job.payload
        self._found: dict[str, Any] = {}
        with db.reading():
            row = self._row()
            if row is None:
                raise NotFound
            self._plugin = plugins.of_row(row)

    def do(self) -> None:
        """Load it; that it cannot be loaded is a finding too."""
        cut = Cut()
        with self._job.abortable(cut.set):
            try:
                told = self._plugin.describe(cut)
            except PluginFailed as failed:
                self._found = {"problem": failed.message}
                return
        self._found = {name: told.get(name) for name in _KEPT}
        if self._wanted.noun == "tool":
            self._found["specs"] = told.get("specs") or []

    def _row(self) -> Tool | Function | None:
        if self._wanted.noun == "tool":
            return db.session().get(Tool, self._wanted.id)
        return db.session().get(Function, self._wanted.id)

    def save(self, status: str, _error: str | None) -> dict[str, Any]:
        """Keep it with the row, if that still has the same source."""
        row = self._row()
        if status == COMPLETED and row is not None:
            descriptions.keep(row, self._plugin.code.source, self._found)
        return self._found
