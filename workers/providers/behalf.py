"""For whom a model server is asked: it is told so where ENABLE_FORWARD_USER_INFO_HEADERS is on."""

from contextvars import ContextVar
from typing import NamedTuple
from urllib.parse import quote

from shared.config.settings import get_settings
from shared.held import Held
from shared.services.accounts import Principal

Headers = tuple[tuple[str, str], ...]

# By our names of what a model may be asked for beside an answer: those of the contract (§12).
TASK_NAMES = {
    "title": "title_generation",
    "tags": "tags_generation",
    "follow_ups": "follow_up_generation",
    "queries": "query_generation",
    "emoji": "emoji_generation",
    "autocomplete": "autocomplete_generation",
    "image_prompt": "image_prompt_generation",
    "tools": "function_calling",
}


class _Behalf(NamedTuple):
    user: Principal | None = None
    task: str | None = None
    headers: Headers = ()


# Not an argument: it would pass through every layer between a job and the request.
_behalf: ContextVar[_Behalf] = ContextVar("behalf", default=_Behalf())  # noqa: B039 -- a tuple


def asking_for(user: Principal, task: str | None = None) -> Held[_Behalf]:
    """Let the requests of a block tell for whom they are made.

    Args:
        task: What they are for when it is no answer, such as "title".
    """
    told = _of(user) if get_settings().enable_forward_user_info_headers else ()
    return Held(_behalf, _Behalf(user, task, told))


def headers() -> Headers:
    """Give the headers for a request that is made now."""
    return _behalf.get().headers


def user() -> Principal | None:
    """Give the user for whom something is asked now; None when it is for nobody."""
    return _behalf.get().user


def task() -> str | None:
    """Give what something is asked for now; None when that is an answer."""
    return _behalf.get().task


def _of(user: Principal) -> Headers:
    # A header holds no letters beyond ASCII, and no line breaks.
    return (
        ("X-OpenWebUI-User-Name", quote(user.name, safe=" ")),
        ("X-OpenWebUI-User-Id", user.id),
        ("X-OpenWebUI-User-Email", quote(user.email, safe="@+")),
        ("X-OpenWebUI-User-Role", user.role),
    )
