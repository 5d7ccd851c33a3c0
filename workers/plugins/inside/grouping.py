"""Many calls in one frame: a function for each of several values, for each of several people."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from .words import in_words

Group = dict[str, Any]
# Gives what a function asks for beside its argument, by the number of a group.
ExtrasOf = Callable[[int, Group], dict[str, Any]]


async def called_for_all(
    function: Callable[..., Any], argument: str, groups: list[Group], extras_of: ExtrasOf
) -> list[Group]:
    """Call a function for all values of all groups, one after the other.

    Returns:
        For each group its `values`, or as `error` why there are none: it ends with the first call
        that fails, and the others go on.
    """
    if inspect.iscoroutinefunction(function):
        return [
            await _awaited(function, argument, group, extras_of(number, group))
            for number, group in enumerate(groups)
        ]

    def call_all() -> list[Group]:
        return [
            _called(function, argument, group, extras_of(number, group))
            for number, group in enumerate(groups)
        ]

    return await asyncio.to_thread(call_all)


async def _awaited(
    function: Callable[..., Any], argument: str, group: Group, extras: dict[str, Any]
) -> Group:
    try:
        return {"values": [await function(**{argument: v}, **extras) for v in group["values"]]}
    except Exception as error:  # border: all of a user's code
        return {"error": in_words(error)}


def _called(
    function: Callable[..., Any], argument: str, group: Group, extras: dict[str, Any]
) -> Group:
    try:
        return {"values": [function(**{argument: value}, **extras) for value in group["values"]]}
    except Exception as error:  # border: all of a user's code
        return {"error": in_words(error)}
