"""Functions as filters: called in processes of their own, in the order of their priority."""

from typing import Any

from shared import db
from shared.errors import SwitchyardError
from shared.models.function import Function
from shared.services.accounts import Principal
from workers import plugins
from workers.filters.base import Body, FilterFailed, Job, as_user
from workers.filters.streaming import StreamFilter
from workers.functions.calling import in_words
from workers.plugins import Listener, Plugin, PluginFailed
from workers.providers.line import Cut

Description = dict[str, Any]


class FunctionFilter:
    """See `base.Filter`.

    Attributes:
        plugin: What is called.
        extras: What it may ask for beside the body.
    """

    def __init__(self, job: Job, user: Principal, row: Function, listener: Listener) -> None:
        self._job, self._id, self._listener = job, row.id, listener
        self.plugin: Plugin = plugins.of_row(row, user.id)
        self.extras: dict[str, Any] = {"__user__": as_user(user), "__id__": row.id}

    def know(self, **extras: Any) -> None:
        """Let it ask for more."""
        self.extras |= extras

    def stream(self) -> "StreamFilter | None":
        """Give what the answer passes through as it comes, if it wants to see that.

        Raises:
            FilterFailed: It cannot be loaded.
        """
        if "stream" not in self._described()["methods"]:
            return None
        return StreamFilter(self._job, self.plugin, self.extras, self._listener.event, self.failure)

    def inlet(self, body: Body) -> Body:
        """See `Filter`; one that reads the files itself leaves none for others."""
        made = self._called("inlet", body)
        if self._described()["attributes"].get("file_handler") is True:
            made = {**made, "files": []}
        return made

    def outlet(self, body: Body) -> Body:
        """See `Filter`."""
        return self._called("outlet", body)

    def _called(self, side: str, body: Body) -> Body:
        if side not in self._described()["methods"]:
            return body
        cut = Cut()
        try:
            with self._job.abortable(cut.set):
                made = self.plugin.call(side, {"body": body}, self.extras, self._listener, cut)
        except PluginFailed as error:
            raise self.failure(error) from error
        if not isinstance(made, dict):
            raise FilterFailed(f"Error: the {side} of the function {self._id} gave back no object.")
        return made

    def _described(self) -> Description:
        cut = Cut()
        try:
            with self._job.abortable(cut.set):
                return described(self.plugin, cut)
        except PluginFailed as error:
            raise self.failure(error) from error

    def failure(self, error: SwitchyardError) -> SwitchyardError:
        """Say that it has failed, as the contract has it; what else fails is said as it is."""
        if not isinstance(error, PluginFailed):
            return error
        return FilterFailed(in_words(error))


def described(plugin: Plugin, cut: Cut) -> Description:
    """Tell what a plugin is; loaded for that once per version."""
    version = plugin.code.version
    if version not in _descriptions:
        while len(_descriptions) >= _MOST_DESCRIPTIONS:
            _descriptions.pop(next(iter(_descriptions)))
        _descriptions[version] = plugin.describe(cut)
    return _descriptions[version]


_MOST_DESCRIPTIONS = 256
_descriptions: dict[str, Description] = {}


def loaded(
    job: Job, user: Principal, function_ids: list[str], listener: Listener
) -> list[FunctionFilter]:
    """Load filters; joins the surrounding transaction."""
    rows = [db.session().get(Function, one) for one in function_ids]
    return [
        FunctionFilter(job, user, row, listener)
        for row in rows
        if row is not None and row.is_active
    ]
