"""What would stop the event loop for longer than a moment (the CPU, a disk) leaves it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def off_loop(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in a real thread while other clients are served; it must release the GIL to be
    of use. Processes without gevent run it on the spot.
    """
    if "gevent" not in sys.modules:
        return function(*args, **kwargs)
    from gevent import get_hub, monkey  # noqa: PLC0415 -- prefork workers do without

    if not monkey.is_module_patched("threading"):
        return function(*args, **kwargs)
    result: R = get_hub().threadpool.apply(function, args, kwargs)
    return result


@contextmanager
def deadline(seconds: float, error: Exception) -> Iterator[None]:
    """End a block that waits for a network too long, for libraries whose own limits do not hold on
    green threads. Processes without gevent rely on these limits.

    Raises:
        The given error: When the time is over.
    """
    if "gevent" not in sys.modules:
        yield
        return
    from gevent import Timeout  # noqa: PLC0415 -- prefork workers do without

    with Timeout(seconds, error):
        yield
