"""Calls that leave nothing behind on the stack of a green thread."""

import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def on_its_own(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call on a stack that ends with the call, where the caller is a green thread, and in the
    caller's context; errors as those of the call.

    Python never gives back the pages that a green thread's frames have touched while it lives. A
    stream needs one of them; what is done before it, by Flask or SQLAlchemy, touches a second or a
    fourth: 4 KB each for every one of a thousand streams.
    """
    library: Any = sys.modules.get("greenlet")
    current = library and library.getcurrent()
    if not current or current.parent is None:
        return call(*args, **kwargs)
    own = library.greenlet(call)
    own.gr_context = current.gr_context
    made: R = own.switch(*args, **kwargs)
    return made
