"""Calling a function for somebody: what it is told, who hears it, and how its failures are said."""

from typing import Any

from shared.kinds.inference import RunChat
from workers import page_calls
from workers.inference.telling import Teller
from workers.live import Running
from workers.page_calls import Page
from workers.plugins import PluginFailed


def reader_of(job: Running, request: RunChat, teller: Teller) -> "Reader":
    """Make the one who hears what functions tell in the course of an answer."""
    return Reader(job, page_calls.page_of(request, job.claim.user_id or ""), teller)


class Reader:
    """Hears what a function tells the one whose turn it is; see `workers.plugins.Listener`."""

    def __init__(self, job: Running, page: Page | None, teller: Teller) -> None:
        self._job, self._page, self._teller = job, page, teller

    def event(self, event: dict[str, Any]) -> None:
        """Tell it."""
        self._teller.tell(event)

    def ask(self, event: dict[str, Any]) -> Any:
        """Ask the page.

        Raises:
            PluginFailed: There is none.
            PageGone, PageSilent: It does not answer.
        """
        if self._page is None:
            raise PluginFailed("There is no open page that could be asked.")
        return page_calls.ask(self._job, self._page, str(event.get("type")), event.get("data"))

    def use_tool(self, name: str, arguments: dict[str, Any]) -> Any:  # noqa: ARG002 -- the protocol's signature
        """Tell that a function of this kind has no tools.

        Raises:
            PluginFailed: Always.
        """
        raise PluginFailed(f"There is no tool {name}.")


def in_words(error: PluginFailed, function_id: str) -> str:
    """Give the words of a failure as the contract has them."""
    return f"Error: {error.message.removeprefix(f'function_{function_id}: ')}"
