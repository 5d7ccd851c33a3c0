"""Whether this process is going down: then clients are cut off by us, and nobody's work is
cancelled for it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class _Closable(Protocol):
    def close(self) -> None: ...


class _State:
    is_alive: Callable[[], bool] = staticmethod(lambda: True)


_state = _State()


def watch(is_alive: Callable[[], bool]) -> None:
    """Name who knows whether this process goes on; called once by the server at its start."""
    _state.is_alive = is_alive


def is_stopping() -> bool:
    """Whether this process has been told to end."""
    return not _state.is_alive()


@contextmanager
def closing_on_error(thing: _Closable) -> Iterator[None]:
    """Close something if the block fails; if it does not, somebody else will."""
    try:
        yield
    except BaseException:
        thing.close()
        raise
