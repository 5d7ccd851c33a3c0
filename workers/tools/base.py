"""The contract of whatever offers functions to a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shared.config.secrets import unseal
from shared.errors import SwitchyardError
from shared.kinds.inference import RunChat
from shared.services.accounts import Principal
from shared.services.tool_servers import BEARER, SESSION, ToolServer
from workers.live import Running
from workers.plugins import Listener

# {"name", "description", "parameters": JSON schema}
Spec = dict[str, Any]


class ToolFailed(SwitchyardError):
    """The tool has failed."""


@dataclass(frozen=True)
class Occasion:
    """The answer for which something is called.

    Attributes:
        listener: Hears what a tool tells the reader, and asks the page.
        messages: The chat up to now, as the model gets it.
    """

    job: Running
    owner: Principal
    request: RunChat
    listener: Listener
    messages: Sequence[dict[str, Any]] = ()

    @property
    def bearer(self) -> str:
        """What signs the user in at servers that want it; empty for nothing."""
        return unseal(self.request.sealed)


class Toolset(Protocol):
    """What stands behind one id of a request: a tool of the workspace, or a server.

    Attributes:
        id: `weather`, `server:0`, or the address of a server that the page calls.
        is_cited: Whether what it gives is shown as a source.
        handles_files: Whether it reads the request's files itself, in place of the search in them.
    """

    id: str
    is_cited: bool
    handles_files: bool

    def specs(self, occasion: Occasion) -> list[Spec]:
        """Describe the functions that it offers; may ask a server.

        Raises:
            ToolFailed: It cannot be found out.
            Stopped: The job has to end.
        """

    def call(self, name: str, arguments: dict[str, Any], occasion: Occasion) -> Any:
        """Call one of its functions; several calls may run side by side.

        Returns:
            What JSON can hold.

        Raises:
            ToolFailed: It did not work, in words for the model.
            Stopped: The job has to end.
        """

    def close(self) -> None:
        """Let go of what the calls have opened."""


def bearer_for(server: ToolServer, bearer: str) -> str:
    """Choose what is sent to a server: its own key, or what the user has signed in with.

    Args:
        bearer: The latter.
    """
    if server.auth_type == SESSION:
        return bearer
    return server.key if server.auth_type == BEARER else ""
