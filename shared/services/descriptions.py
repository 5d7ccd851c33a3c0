"""What tools and functions are, as found out by loading them; before, their source is believed."""

import hashlib
from typing import Any

from shared import queue
from shared.config.settings import get_settings
from shared.kinds.workspace import DESCRIBE_PLUGIN, DescribePlugin
from shared.models.function import Function
from shared.models.tool import Tool
from shared.queue import Subject

Description = dict[str, Any]
Thing = Tool | Function


def order(thing: Thing, user_id: str) -> None:
    """Let a worker load what was written just now; joins the transaction that stores it."""
    thing.described = None
    if get_settings().plugins_sandbox != "disabled":
        noun = "tool" if isinstance(thing, Tool) else "function"
        queue.enqueue(DESCRIBE_PLUGIN, DescribePlugin(noun=noun, id=thing.id), Subject(user_id))


def settle(thing: Thing, user_id: str, known: Description | None) -> None:
    """Keep what was found out before a source was stored, or let it be found out; joins the
    transaction that stores it.
    """
    if known is None:
        order(thing, user_id)
    else:
        keep(thing, thing.content, known)


def keep(thing: Thing, source: str, found: Description) -> None:
    """Keep what was found out about a source, if that is still the thing's own."""
    if thing.content == source:
        thing.described = {**found, "version": _version(source)}
        if isinstance(thing, Tool) and "specs" in found:
            thing.specs = found["specs"]


def found(thing: Thing) -> Description | None:
    """Give what was found out; None when it was not loaded yet, or could not be."""
    kept = thing.described
    if not kept or kept.get("version") != _version(thing.content) or "problem" in kept:
        return None
    return kept


def _version(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()
