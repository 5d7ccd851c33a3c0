"""The jobs that load a tool or a function and tell what is in it."""

from typing import Any

from shared import db
from shared.errors import NotFound, Reason
from shared.kinds.workspace import DESCRIBE_PLUGIN, TRY_PLUGIN, DescribePlugin, TryPlugin
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
        try:
            self._found = _described(self._job, self._plugin, self._wanted.noun)
        except PluginFailed as failed:
            self._found = {"problem": failed.message}

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


@task(TRY_PLUGIN)
class Trying:
    """Loads one that is not stored yet, in its jail."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, TryPlugin)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._noun = job, job.payload.noun
        self._plugin = plugins.of_source(self._noun, job.payload.id, job.payload.content)
        self._found: dict[str, Any] = {}

    def do(self) -> None:
        """Load it; that it cannot be loaded is what is to be found out.

        Raises:
            PluginFailed: This server loads none.
        """
        try:
            self._found = {"known": _described(self._job, self._plugin, self._noun)}
        except PluginFailed as failed:
            if failed.reason in (Reason.MISCONFIGURED, Reason.FORBIDDEN):
                raise
            self._found = {"problem": failed.message}

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give it to whoever waits."""
        return self._found


def _described(job: Running, plugin: plugins.Plugin, noun: str) -> dict[str, Any]:
    """Load a plugin, and give what is kept of its description.

    Raises:
        PluginFailed: It cannot be loaded.
    """
    cut = Cut()
    with job.abortable(cut.set):
        told = plugin.describe(cut)
    found = {name: told.get(name) for name in _KEPT}
    return {**found, "specs": told.get("specs") or []} if noun == "tool" else found
