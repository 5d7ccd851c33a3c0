"""What stands in for a job where work is done that has none of its own: a line of a batch, what a
plugin asks for.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from workers.providers.errors import Aborted
from workers.providers.line import Cut


@dataclass(frozen=True)
class _Claim:
    user_id: str | None
    id: str | None = None
    chat_id: str | None = None
    message_id: str | None = None


class StandIn:
    """Knows whose work it is, and ends with a `Cut`."""

    def __init__(self, user_id: str, cut: Cut) -> None:
        self.claim = _Claim(user_id)
        self._cut = cut

    @contextmanager
    def abortable(self, abort: Callable[[], None]) -> Iterator[None]:
        """Name what ends a block when the whole is ended."""
        self._cut.hold(abort)
        try:
            yield
        finally:
            self._cut.release()

    def check(self) -> None:
        """Go on only while the whole does.

        Raises:
            Aborted: It has ended.
        """
        if self._cut.is_set:
            raise Aborted
