"""Calls that leave nothing behind on the stack of a green thread."""

import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# Stacks that wait for a call, by the first green thread of their thread, whose event loop lives as
# long as the process. A new stack costs 10 µs.
_idle: dict[Any, list[Any]] = {}
_MOST_IDLE = 4


def on_its_own(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call on another stack than the caller's, where that is a green thread, and in the caller's
    context; errors as those of the call.

    Python never gives back the pages that a green thread's frames have touched while it lives. A
    stream needs one of them; what is done before it, by Flask or SQLAlchemy, touches a second or a
    fourth: 4 KB each for every one of a thousand streams.
    """
    library: Any = sys.modules.get("greenlet")
    current = library and library.getcurrent()
    if not current or current.parent is None:
        return call(*args, **kwargs)
    first = _first(current)
    idle = _idle.setdefault(first, [])
    stack = idle.pop() if idle else library.greenlet(_serve)
    stack.parent, stack.gr_context = current, current.gr_context
    # In and out by lists, which are emptied: a stack that waits holds on to nothing.
    answer: list[Any] = stack.switch([call, args, kwargs])
    stack.parent, stack.gr_context = first, None
    if len(idle) < _MOST_IDLE:
        idle.append(stack)
    made, error = answer
    answer.clear()
    if error is not None:
        try:
            raise error
        finally:
            del error
    value: R = made
    return value


def _first(current: Any) -> Any:
    while current.parent is not None:
        current = current.parent
    return current


def _serve(order: list[Any]) -> None:
    """Make one call after another for whoever is the parent at the time."""
    library: Any = sys.modules["greenlet"]
    while True:
        call, args, kwargs = order
        order.clear()
        answer: list[Any] = [None, None]
        try:
            answer[0] = call(*args, **kwargs)
        except BaseException as error:  # border: whoever called gets it
            answer[1] = error
        del call, args, kwargs
        order = library.getcurrent().parent.switch(answer)
