"""Tools of the workspace: Python that users wrote, run by `workers.plugins`."""

from typing import Any

from shared.errors import SwitchyardError
from shared.models.tool import Tool
from shared.services import models
from shared.services.accounts import Principal
from workers import plugins
from workers.filters.base import as_user, seen
from workers.live import Stopped
from workers.providers.line import Cut
from workers.tools.base import Occasion, Spec, ToolFailed

# What only a tool that names it can have; else its process need not be started to find out.
_MARKS = ("citation", "file_handler")


class WorkspaceToolset:
    """See `base.Toolset`. Made inside a transaction.

    Attributes:
        is_cited: As its source says, once it is described.
        handles_files: The same.
    """

    def __init__(self, row: Tool, owner: Principal) -> None:
        self.id = row.id
        self.is_cited = self.handles_files = False
        self._plugin = plugins.of_row(row, owner.id)
        self._name = row.name
        self._specs: list[Spec] = row.specs
        self._has_marks = any(mark in row.content for mark in _MARKS)

    def specs(self, occasion: Occasion) -> list[Spec]:
        """Describe the functions, as was found out when it was saved."""
        if self._has_marks:
            attributes = self._run(occasion, self._plugin.describe)["attributes"]
            self.is_cited = bool(attributes.get("citation"))
            self.handles_files = bool(attributes.get("file_handler"))
        return self._specs

    def call(self, name: str, arguments: dict[str, Any], occasion: Occasion) -> Any:
        """Call a method of its class."""
        extras = _extras(occasion, self.id)

        def work(cut: Cut) -> Any:
            return self._plugin.call(name, arguments, extras, occasion.listener, cut)

        return self._run(occasion, work)

    def _run(self, occasion: Occasion, work: Any) -> Any:
        cut = Cut()
        try:
            with occasion.job.abortable(cut.set):
                return work(cut)
        except Stopped:
            raise
        except SwitchyardError as error:
            words = error.message.removeprefix(f"{self._plugin.code.name}: ")
            raise ToolFailed(words) from error

    def close(self) -> None:
        """Its process is kept for the next who calls it."""


def _extras(occasion: Occasion, tool_id: str) -> dict[str, Any]:
    """Give what a tool may ask for.

    Source: contract, chat-flow §3 and §9.
    """
    request, model = occasion.request, models.shown_to_functions(occasion.request.model)
    about = seen(occasion.job, request)["metadata"]
    mode = "native" if request.calls_natively else "default"
    return {
        **{f"__{name}__": about[name] for name in ("chat_id", "message_id", "session_id")},
        "__id__": tool_id,
        "__user__": as_user(occasion.owner),
        "__metadata__": {**about, "model": model, "function_calling": mode},
        "__model__": model,
        "__messages__": list(occasion.messages),
        "__files__": request.files,
    }
