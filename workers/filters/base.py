"""What a filter has to be able to do, and what it sees."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from shared.errors import Reason, SwitchyardError
from shared.kinds.inference import RunChat
from shared.services import references
from shared.services.accounts import Principal

Body = dict[str, Any]

# Of a stored message, what an outlet filter sees.
_OF_MESSAGE = ("id", "role", "content", "info", "timestamp", "usage", "sources", "files", "error")

# Pages always say of these whether they are wanted.
_FEATURES = {"web_search": False, "image_generation": False, "code_interpreter": False}


class FilterFailed(SwitchyardError):
    """A filter does not let the turn go on; its words are shown to the user."""

    reason = Reason.BAD_REQUEST


class Claim(Protocol):
    """Whose turn it is, and which message it writes."""

    @property
    def user_id(self) -> str | None:
        """The account."""

    @property
    def chat_id(self) -> str | None:
        """The stored chat."""

    @property
    def message_id(self) -> str | None:
        """The stored message."""


class Job(Protocol):
    """What filters need of the work in whose course they run; see `workers.live.Running`."""

    @property
    def claim(self) -> Claim:
        """What it is about."""

    def abortable(self, abort: Callable[[], None]) -> AbstractContextManager[None]:
        """Let a block be ended from outside."""

    def check(self) -> None:
        """Go on only if nobody has ended it."""


class Filter(Protocol):
    """One filter of one turn; raises FilterFailed, or Stopped when the job has to end."""

    def inlet(self, body: Body) -> Body:
        """Give the request as it is to be, before anything is done for it."""

    def outlet(self, body: Body) -> Body:
        """Give the chat as it is to be, after an answer."""


def seen(job: Job, request: RunChat) -> Body:
    """Write a request as filters see it: as a client sends it, with what is known about it.

    Source: contract, chat-flow §3.1 and §3.3.
    """
    features = {**_FEATURES, **request.features}
    lists = {"files": request.files, "features": features, "tool_ids": request.tool_ids}
    return {
        **request.body,
        **lists,
        "model": request.model,
        "stream": request.is_stream,
        "metadata": {
            **lists,
            "user_id": job.claim.user_id,
            "chat_id": request.page_chat_id or job.claim.chat_id,
            "message_id": request.page_message_id or job.claim.message_id,
            "session_id": request.session_id,
            "variables": request.variables,
            "direct": False,
        },
    }


def taken(request: RunChat, body: Body) -> RunChat:
    """Take from what filters have made of a request what is to be done.

    Raises:
        FilterFailed: It is no request any more.
    """
    rest = {name: value for name, value in body.items() if name not in ("metadata", "stream")}
    files, features = rest.pop("files", None), rest.pop("features", None)
    tool_ids = rest.pop("tool_ids", None)
    model, messages = rest.get("model"), rest.get("messages")
    if not isinstance(model, str) or not are_objects(messages):
        raise FilterFailed("A filter gave back something that is no chat completion request.")
    wanted = features if isinstance(features, dict) else {}
    return request.model_copy(
        update={
            "body": rest,
            "model": model,
            "files": references.cleaned(files if isinstance(files, list) else []),
            "features": {str(name): True for name, value in wanted.items() if value is True},
            "tool_ids": [one for one in tool_ids or () if isinstance(one, str)],
        }
    )


def are_objects(items: Any) -> bool:
    """Whether something is a list of objects, as messages are."""
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def shown(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write stored messages as outlet filters see them, the way the page sends them."""
    return [{name: one[name] for name in _OF_MESSAGE if name in one} for one in messages]


def changes(before: list[dict[str, Any]], body: Body) -> list[dict[str, Any]]:
    """List the messages that outlet filters have changed, as they are now.

    Raises:
        FilterFailed: What they gave back is no chat any more.
    """
    after = body.get("messages")
    if not isinstance(after, list) or not all(isinstance(one, dict) for one in after):
        raise FilterFailed("A filter gave back something that is no chat.")
    known = {one["id"]: one for one in before if one.get("id")}
    return [one for one in after if one.get("id") in known and one != known[one["id"]]]


def as_user(user: Principal) -> dict[str, Any]:
    """Describe whose turn it is."""
    return {"id": user.id, "email": user.email, "name": user.name, "role": user.role}
