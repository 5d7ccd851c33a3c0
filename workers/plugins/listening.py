"""Who hears a plugin that works for an answer: the answer's readers, and the page that asked."""

from collections.abc import Callable
from typing import Any

from workers import page_calls
from workers.inference.telling import Teller
from workers.live import Running
from workers.page_calls import Page
from workers.plugins import desk
from workers.plugins.base import PluginFailed, Silence, Tell, Values
from workers.providers.line import Cut

Use = Callable[[str, dict[str, Any]], Any]


class UserListener(Silence):
    """Hears nothing, and lets the server be asked for things of a user."""

    def __init__(self, user_id: str) -> None:
        self._user_id = user_id

    def serve(self, what: str, given: Values, tell: Tell, cut: Cut) -> Any:
        """See `desk.serve`."""
        return desk.serve(self._user_id, what, given, tell, cut)


class TurnListener(UserListener):
    """See `base.Listener`.

    Args:
        page: Answers questions; None when no page has asked for this.
        use: Calls one of the answer's tools; None when it has none.
    """

    def __init__(
        self, job: Running, teller: Teller, page: Page | None, use: Use | None = None
    ) -> None:
        super().__init__(job.claim.user_id or "")
        self._job, self._teller, self._page = job, teller, page
        self._use = use

    def event(self, event: dict[str, Any]) -> None:
        """Tell the readers."""
        self._teller.tell(event)

    def ask(self, event: dict[str, Any]) -> Any:
        """Ask the page.

        Raises:
            PluginFailed: There is none.
            PageGone, PageSilent: It does not answer.
        """
        if self._page is None:
            raise PluginFailed("Nobody is there who could be asked.")
        return page_calls.ask(self._job, self._page, str(event.get("type")), event.get("data"))

    def use_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        """Call one of the answer's tools.

        Raises:
            PluginFailed: There are none.
            ToolFailed: It did not work.
        """
        if self._use is None:
            raise PluginFailed(f"There is no tool {name}.")
        return self._use(name, arguments)
