"""Many lines of a batch at a time."""

import logging
import queue as queues
import threading
import time
from collections.abc import Callable
from contextvars import copy_context

from shared.config.settings import get_settings
from workers.batches.gate import Gate
from workers.batches.source import Line
from workers.providers.errors import Aborted
from workers.providers.line import Cut

log = logging.getLogger(__name__)

_TICK_S = 0.1
# What is under way is cut off; only a provider that cannot be is not waited for.
_JOIN_S = 2.0

Answer = Callable[[Line, Gate, Cut], None]
Tend = Callable[[], bool]


class Crew:
    """Those who ask lines at the same time: a green thread each, begun when there is a line for it.

    Args:
        answer: Asks one line until there is an answer; raises Aborted when the batch ends before.
        on_pause: Told the seconds for which nobody asks.
    """

    def __init__(self, answer: Answer, on_pause: Callable[[float], None]) -> None:
        self._answer = answer
        self._size = get_settings().batch_concurrency
        self._gate = Gate(self._size, on_pause)
        self._lines: queues.Queue[Line | None] = queues.Queue(maxsize=self._size)
        self._cuts = [Cut() for _ in range(self._size)]
        self._threads: list[threading.Thread] = []
        self._problem: BaseException | None = None
        self._is_stopped = False

    def give(self, line: Line, tend: Tend) -> bool:
        """Hand a line to whoever is free; whether somebody has taken it.

        Args:
            tend: Called again and again; whether there is time left.
        """
        if len(self._threads) < self._size:
            self._begin(self._cuts[len(self._threads)])
        return self._put(line, tend)

    def _put(self, line: Line | None, tend: Tend) -> bool:
        while self._goes_on(tend):
            try:
                self._lines.put(line, timeout=_TICK_S)
                return True
            except queues.Full:
                continue
        return False

    def _goes_on(self, tend: Tend) -> bool:
        if self._problem is not None:
            raise self._problem
        if not self._is_stopped and not tend():
            self.stop()
        return not self._is_stopped

    def _begin(self, cut: Cut) -> None:
        # With the batch's own context: its trace, its ids in the log.
        work = copy_context().run
        thread = threading.Thread(target=work, args=(self._work, cut), daemon=True)
        self._threads.append(thread)
        thread.start()

    def finish(self, tend: Tend) -> None:
        """Wait until every line that was given is answered, or time is over."""
        for _ in self._threads:
            self._put(None, tend)
        for thread in self._threads:
            while thread.is_alive() and self._goes_on(tend):
                thread.join(_TICK_S)
        self._goes_on(tend)

    def stop(self) -> None:
        """End all that is under way; never blocks."""
        self._is_stopped = True
        self._gate.close()
        for cut in self._cuts:
            cut.set()

    def join(self) -> None:
        """Wait for those who end; not for a provider that cannot be cut off."""
        deadline = time.monotonic() + _JOIN_S
        for _ in self._threads:
            try:
                self._lines.put_nowait(None)
            except queues.Full:
                break
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self, cut: Cut) -> None:
        try:
            while not self._is_stopped and (line := self._lines.get()) is not None:
                self._answer(line, self._gate, cut)
        except Aborted:
            return
        except Exception as error:  # border: whatever is wrong with one line ends the batch
            log.exception("a line of a batch cannot be asked")
            self._problem = error
            self.stop()
