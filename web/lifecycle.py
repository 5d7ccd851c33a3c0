"""Whether this process is going down: then clients are cut off by us, and nobody's work is
cancelled for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class _Closable(Protocol):
    def close(self) -> None: ...


class _State:
    is_stopping = False


_state = _State()


def stop() -> None:
    """Note that this process has been told to end; called by gunicorn's hooks."""
    _state.is_stopping = True


def is_stopping() -> bool:
    """Whether this process has been told to end."""
    return _state.is_stopping


@contextmanager
def closing_on_error(thing: _Closable) -> Iterator[None]:
    """Close something if the block fails; if it does not, somebody else will."""
    try:
        yield
    except BaseException:
        thing.close()
        raise
