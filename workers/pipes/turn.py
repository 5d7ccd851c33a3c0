"""The answer for which a pipe is asked: what it may know of it, and who hears its events."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from shared.held import Held
from shared.kinds.inference import RunChat
from shared.services.accounts import Principal
from workers.inference.telling import Teller
from workers.live import Running


class Tools(Protocol):
    """The tools of an answer, for functions that call them themselves."""

    def known(self) -> dict[str, dict[str, Any]]:
        """Say what they are: name → `tool_id` and `spec`."""

    def use(self, name: str, arguments: dict[str, Any]) -> Any:
        """Call one; errors as those of a toolset."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer.

    Attributes:
        tools: None when its request names none.
    """

    job: Running
    owner: Principal
    request: RunChat
    teller: Teller
    tools: Tools | None = None


# Not an argument: providers of all other kinds would pass it on for nothing.
_turn: ContextVar[Turn | None] = ContextVar("pipe_turn", default=None)


def asked_in(turn: Turn) -> Held[Turn | None]:
    """Let pipes that are asked in a block know for which answer."""
    return Held(_turn, turn)


def current() -> Turn | None:
    """Give the answer for which a pipe is asked; None when it is something else."""
    return _turn.get()


def about(turn: Turn) -> dict[str, Any]:
    """Give what functions may ask for about an answer.

    Source: contract, chat-flow §11.
    """
    request, claim = turn.request, turn.job.claim
    chat_id = request.page_chat_id or claim.chat_id
    message_id = request.page_message_id or claim.message_id
    metadata = {
        "user_id": turn.owner.id,
        "chat_id": chat_id,
        "message_id": message_id,
        "session_id": request.session_id,
        "tool_ids": request.tool_ids,
        "files": request.files,
        "features": request.features,
        "variables": request.variables,
        "model": {"id": request.model},
    }
    return {
        "__metadata__": metadata,
        "__chat_id__": chat_id,
        "__message_id__": message_id,
        "__session_id__": request.session_id,
        "__files__": request.files,
        "__model__": {"id": request.model},
        "__tools__": turn.tools.known() if turn.tools is not None else {},
    }
