"""Calls that leave nothing behind on the stack of a green thread."""

import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def apart(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call on a stack of its own, where the caller is a green thread; errors as those of the call.

    Python never gives back the pages that a green thread's frames have touched while it lives. An
    answer that is being written needs one of them; what is done before it, above all in
    SQLAlchemy, touches a second one: 4 KB for each of a thousand answers.
    """
    library: Any = sys.modules.get("greenlet")
    current = library and library.getcurrent()
    if not current or current.parent is None:
        return call(*args, **kwargs)
    own = library.greenlet(call)
    own.gr_context = current.gr_context
    made: R = own.switch(*args, **kwargs)
    return made
