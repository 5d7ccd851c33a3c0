"""Loading a tool or a function in a worker before it is stored: one that cannot be is refused."""

from typing import Literal

from shared.config.settings import get_settings
from shared.errors import Invalid, Unavailable, UpstreamFailed
from shared.kinds.workspace import TRY_PLUGIN, TryPlugin
from shared.queue import Subject
from shared.services import sources
from shared.services.descriptions import Description
from web.auth import current_user
from web.stream.waiting import ask

# Installing packages may take longer: then it is stored, and loaded afterwards.
_PATIENCE_S = 20.0


def loaded(noun: Literal["tool", "function"], thing_id: str, content: str) -> Description | None:
    """Let a worker load a source.

    Returns:
        What is in it; None when that could not be found out in time.

    Raises:
        Invalid: It is no Python, or cannot be loaded; with the words of what went wrong.
    """
    sources.parse(content)
    if get_settings().plugins_sandbox == "disabled" or not _PATIENCE_S:
        return None
    payload = TryPlugin(noun=noun, id=thing_id, content=content)
    try:
        told = ask(TRY_PLUGIN, payload, Subject(current_user().id), _PATIENCE_S)
    except (UpstreamFailed, Unavailable):
        return None
    if "problem" in told:
        raise Invalid(told["problem"])
    return told.get("known")
