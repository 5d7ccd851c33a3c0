"""The plugins' processes of this worker: a bounded number, each for one call at a time.

A process serves one version of one plugin. Between calls it waits for the next one of that version;
what waits longest ends when another plugin needs the room, or after PLUGINS_IDLE_S.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from shared.config.settings import get_settings
from shared.errors import Busy, Reason
from workers.plugins import packages
from workers.plugins.base import Code, PluginFailed
from workers.plugins.runner import Runner
from workers.providers.errors import Aborted
from workers.providers.line import Cut

_LOOK_S = 5.0


class Pool:
    """All processes of this worker."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, without the processes that another one has started."""
        self._changed = threading.Condition()
        self._idle: list[Runner] = []
        self._used = 0
        self._is_watched = False

    @contextmanager
    def runner(self, code: Code, cut: Cut) -> Iterator[Runner]:
        """Lend a process in which a version of a plugin is loaded.

        Raises:
            Busy: All are in use, and stay so for longer than a call may take.
            PluginFailed: It cannot be loaded, what it needs cannot be installed, or plugins are
                switched off.
            Aborted: `cut` was set.
        """
        _require_allowed()
        packages.ensure(code, cut)
        runner = self._take(code, cut) or self._started(code)
        try:
            cut.hold(runner.stop)
            if not runner.is_fit:
                runner.open()
            yield runner
        finally:
            cut.release()
            self._give_back(runner)

    def _started(self, code: Code) -> Runner:
        try:
            return Runner(code)
        except OSError as error:
            with self._changed:
                self._used -= 1
                self._changed.notify()
            raise Busy(f"This machine has no room for a plugin's process: {error}.") from None

    def end_all(self) -> None:
        """End the processes that wait; those in use end with their calls."""
        with self._changed:
            idle, self._idle = self._idle, []
        for runner in idle:
            runner.end()

    def _take(self, code: Code, cut: Cut) -> Runner | None:
        """Take a process, or the right to start one."""
        cut.hold(self._look_again)
        deadline = monotonic() + get_settings().plugins_timeout_s
        with self._changed:
            while not cut.is_set:
                if runner := self._waiting(code):
                    self._used += 1
                    return runner
                if self._makes_room():
                    self._used += 1
                    return None
                if not self._changed.wait(max(deadline - monotonic(), 0)):
                    raise Busy(
                        "All processes for plugins are in use. Please try again in a moment."
                    )
        raise Aborted

    def _waiting(self, code: Code) -> Runner | None:
        """Take one that waits with this code loaded: the one that was used last. Whoever waits may
        have been killed meanwhile, by a machine without memory.
        """
        for runner in self._idle[::-1]:
            if runner.version == code.version:
                self._idle.remove(runner)
                if not runner.has_ended:
                    return runner
                runner.end()
        return None

    def _makes_room(self) -> bool:
        most = get_settings().plugins_max_runners
        if self._used >= most:
            return False
        while self._idle and self._used + len(self._idle) >= most:
            self._idle.pop(0).end()
        return True

    def _look_again(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _give_back(self, runner: Runner) -> None:
        if not runner.is_fit:
            runner.end()
        with self._changed:
            self._used -= 1
            if runner.is_fit:
                runner.since = monotonic()
                self._idle.append(runner)
                self._watch()
            self._changed.notify()

    def _watch(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            threading.Thread(target=self._end_the_old, daemon=True, name="plugins").start()

    def _end_the_old(self) -> None:
        pause = threading.Event()
        while not pause.wait(_LOOK_S):
            oldest = monotonic() - get_settings().plugins_idle_s
            with self._changed:
                old = [one for one in self._idle if one.since < oldest]
                self._idle = [one for one in self._idle if one.since >= oldest]
            for runner in old:
                runner.end()


def _require_allowed() -> None:
    if get_settings().plugins_sandbox == "disabled":
        raise PluginFailed("Plugins are switched off here (PLUGINS_SANDBOX).", Reason.FORBIDDEN)


pool = Pool()
os.register_at_fork(after_in_child=pool.forget)  # two processes cannot share lines
