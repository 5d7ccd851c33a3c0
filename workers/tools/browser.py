"""Servers of tools that only the user's browser reaches: its page calls them."""

from typing import Any

from shared.errors import SwitchyardError
from shared.ids import new_id
from workers import page_calls
from workers.live import Stopped
from workers.page_calls import page_of
from workers.tools.base import Occasion, Spec, ToolFailed


class BrowserToolset:
    """See `base.Toolset`.

    Args:
        server: As the page describes it: `{"url", "specs", …}`.
    """

    is_cited = True
    handles_files = False

    def __init__(self, server: dict[str, Any]) -> None:
        self._server = {name: value for name, value in server.items() if name != "specs"}
        self._specs: list[Spec] = [one for one in server.get("specs") or () if _is_spec(one)]
        self.id = str(server.get("url") or "")

    def specs(self, occasion: Occasion) -> list[Spec]:
        """Describe the functions, as the page has; without a page there are none."""
        return self._specs if occasion.request.session_id else []

    def call(self, name: str, arguments: dict[str, Any], occasion: Occasion) -> Any:
        """Let the page call.

        Source: contract, chat-flow §6 (`execute:tool`).
        """
        request = occasion.request
        page = page_of(request, occasion.owner.id)
        if page is None:
            raise ToolFailed("There is no page that could call this.")
        wanted = {
            "id": new_id(),
            "name": name,
            "params": arguments,
            "server": self._server,
            "session_id": request.session_id,
        }
        try:
            given = page_calls.ask(occasion.job, page, "execute:tool", wanted)
        except Stopped:
            raise
        except SwitchyardError as error:
            raise ToolFailed(error.message) from error
        return _checked(given)

    def close(self) -> None:
        """Nothing stays open."""


def _checked(given: Any) -> Any:
    """Give what the page has told; an error of the server is told as an object.

    Raises:
        ToolFailed: The server's own complaint.
    """
    if isinstance(given, dict) and set(given) == {"error"}:
        raise ToolFailed(str(given["error"])[:2000])
    return given


def _is_spec(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("name"), str) and bool(one["name"])
