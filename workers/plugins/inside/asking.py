"""Asking the server for the user of the call under way; see docs/plugins.md, "What a plugin may
ask the server for".
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from .line import Line

# A process serves one call at a time, and threads of a plugin know no context of ours.
_under_way: tuple[Line, int] | None = None


def begin(line: Line, call: int) -> None:
    """Ask on behalf of this call from now on."""
    global _under_way  # noqa: PLW0603 -- as above
    _under_way = line, call


async def ask(what: str, **given: Any) -> Any:
    """Ask, and wait for the answer.

    Raises:
        RuntimeError: It cannot be answered; with the server's words.
    """
    line, call = _now()
    return await line.ask(call, what, given=given)


def ask_at_once(what: str, **given: Any) -> Any:
    """Ask from code that cannot await; errors as those of `ask`."""
    line, call = _now()
    return line.ask_at_once(call, what, given=given)


def ask_for_pieces(what: str, **given: Any) -> AsyncIterator[Any]:
    """Ask for something that comes in pieces; errors as those of `ask`."""
    line, call = _now()
    return line.ask_for_pieces(call, what, given=given)


def ask_at_once_for_pieces(what: str, **given: Any) -> Iterator[Any]:
    """Ask for something that comes in pieces from code that cannot await; errors as above."""
    line, call = _now()
    return line.ask_at_once_for_pieces(call, what, given=given)


def _now() -> tuple[Line, int]:
    if _under_way is None:
        raise RuntimeError("The server can be asked only while a function is called.")
    return _under_way
