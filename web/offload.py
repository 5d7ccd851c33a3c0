"""Work that needs the CPU for longer than a moment leaves the event loop."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from gevent import get_hub, monkey

P = ParamSpec("P")
R = TypeVar("R")


def off_loop(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in a real thread while other clients are served; it must release the GIL to be
    of use.
    """
    if not monkey.is_module_patched("threading"):
        return function(*args, **kwargs)
    result: R = get_hub().threadpool.apply(function, args, kwargs)
    return result
