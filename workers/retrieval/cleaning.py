"""The job that clears away what belongs to rows that are gone."""

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from shared.errors import Unavailable
from shared.kinds.retrieval import CleanUp
from shared.storage import get_storage
from workers.live import Running
from workers.vectors import get_index

log = logging.getLogger(__name__)

# Nobody would do it again: a storage that is away is waited for.
_PATIENCE_S, _FIRST_PAUSE_S, _LONGEST_PAUSE_S = 86_400.0, 1.0, 60.0


class Cleaning:
    """Deletes objects and vectors; what is gone already is no mistake, so it may be done twice."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, CleanUp)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._ask = job, job.payload

    def do(self) -> None:
        """Delete."""
        for step in self._steps():
            self._patiently(step)

    def _steps(self) -> Iterator[Callable[[], None]]:
        yield from (partial(get_storage().delete, key) for key in self._ask.objects)
        yield from (partial(get_index().drop, name) for name in self._ask.collections)
        yield from (partial(get_index().delete_file, *part) for part in self._ask.parts)
        yield from (partial(get_index().delete, name, [one]) for name, one in self._ask.points)

    def _patiently(self, step: Callable[[], None]) -> None:
        """Do one step, again and again while storage or index are away."""
        until, pause_s = time.monotonic() + _PATIENCE_S, _FIRST_PAUSE_S
        while True:
            try:
                return step()
            except Unavailable as error:
                if time.monotonic() > until:
                    raise
                log.warning("clearing away has to wait: %s", error)
            self._job.pause(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Say how much there was."""
        return {"objects": len(self._ask.objects), "collections": len(self._ask.collections)}
