"""Keeps the processes of a Procfile running: starts them, restarts them, ends them in order.

Run as `python -m launch.manager PROCFILE GRACE_S LOCK_FD plain|json [WATCHED_FOLDER...]`. It stays
small on purpose (no settings, no pydantic): it lives as long as the service, and `launch` replaces
itself by it once everything is prepared. See docs/adr/0002-process-manager.md.
"""

import os
import select
import signal
import sys
import time
from pathlib import Path

from launch import procfile
from launch.child import Child
from launch.guard import Guard, signal_group
from launch.output import Output
from launch.watch import Watch

FIRST = "valkey"  # is started before all others and ended after them
_READY = b"Ready to accept connections"
_READY_PATIENCE_S = 20.0
_FIRST_GRACE_S = 5.0
_URGENT_AFTER_S = 1.0
# Once all run, lines are passed on together: one by one they cost more than to write them.
_GATHER_MS = 50
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Manager:
    """The children, and what happens to them."""

    def __init__(
        self,
        commands: dict[str, str],
        grace_s: float,
        lock_fd: int,
        watch: Watch | None,
        *,
        is_json: bool,
    ) -> None:
        self._children = [Child(name, command) for name, command in commands.items()]
        self._first = next((c for c in self._children if c.name == FIRST), None)
        self._others = [c for c in self._children if c is not self._first]
        self._grace_s = grace_s
        self._lock_fd = lock_fd
        self._watch = watch
        self._guard = Guard(grace_s, [c.pipe for c in self._children], lock_fd)
        self._out = Output([*commands, "launch"], is_json=is_json)
        self._poll, self._poll_signals = select.poll(), select.poll()
        self._by_pipe = {c.pipe: c for c in self._children}
        self._wake = -1
        self._begin_at: float | None = None
        self._is_first_ready = False
        self._held: list[bytes] = []
        self._stop_at: float | None = None
        self._stage = ""
        self._kill_at = 0.0

    def run(self) -> None:
        """Keep everything running until a signal asks for the end; return when nothing is left."""
        self._catch_signals()
        self._guard.start()
        self._begin_at = time.monotonic()
        if self._first is not None:
            self._start(self._first)
            self._begin_at += _READY_PATIENCE_S
        while self._stop_at is None or any(c.pid for c in self._children):
            self._keep_time()
            self._wait()
            self._reap()
        self._say("everything has ended")
        self._guard.stop()

    def _catch_signals(self) -> None:
        self._wake, write = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in _STOP_SIGNALS:
            signal.signal(number, self._asked_to_stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        for fd in (self._wake, *self._by_pipe):
            self._poll.register(fd, select.POLLIN)
        self._poll_signals.register(self._wake, select.POLLIN)

    def _asked_to_stop(self, *_: object) -> None:
        """Note the first signal; a later one (not its echo through make) ends the patience."""
        now = time.monotonic()
        if self._stop_at is None:
            self._stop_at = now
        elif now - self._stop_at > _URGENT_AFTER_S:
            self._kill_at = now

    def _say(self, text: str) -> None:
        self._out.lines("launch", [text.encode()])

    def _start(self, child: Child) -> None:
        # The first one keeps the folder locked as long as it lives, whatever became of us.
        child.start(self._lock_fd if child is self._first else None)
        self._guard.add(child.pid, is_last=child is self._first)

    def _keep_time(self) -> None:
        now = time.monotonic()
        if self._stop_at is not None:
            self._stop(now)
            return
        if self._begin_at is not None and now >= self._begin_at:
            self._begin_at = None
            self._tell_held()  # of a first one that is not ready yet
            for child in self._others:
                self._start(child)
        for child in self._children:
            if child.due is not None and now >= child.due:
                self._start(child)
        if self._watch is not None and (changed := self._watch.changed(now)):
            self._say(f"{changed} has changed")
            self._restart_others(now)

    def _stop(self, now: float) -> None:
        """Take the next step towards the end: the others, then the first one; kill who is late."""
        living = [c for c in self._others if c.pid] or [c for c in self._children if c.pid]
        stage = "first" if living == [self._first] else "others"
        if stage != self._stage:
            if not self._stage:
                self._say("ending ...")
            self._stage = stage
            self._kill_at = now + (_FIRST_GRACE_S if stage == "first" else self._grace_s)
            for child in living:
                os.kill(child.pid, signal.SIGTERM)
        elif now >= self._kill_at:
            self._kill_at = now + 1
            for child in living:
                self._say(f"{child.name} has not ended in time: killed")
                signal_group(child.pid, signal.SIGKILL)

    def _restart_others(self, now: float) -> None:
        for child in self._others:
            if child.pid:
                child.is_wanted_dead = True
                os.kill(child.pid, signal.SIGTERM)
            elif child.due is not None:
                child.due = now  # the change may be what it waits for

    def _wait(self) -> None:
        ready = self._poll.poll(self._pause_ms())
        if ready and self._begin_at is None:
            self._poll_signals.poll(_GATHER_MS)
        for fd, _ in ready:
            if fd == self._wake:
                os.read(fd, 4096)
            else:
                child = self._by_pipe[fd]
                self._show(child, child.read())

    def _pause_ms(self) -> float | None:
        times = [t for t in (self._begin_at, *(c.due for c in self._children)) if t is not None]
        if self._stop_at is not None:
            times = [self._kill_at]
        elif self._watch is not None:
            times.append(self._watch.next_look)
        return max(0.0, (min(times) - time.monotonic()) * 1000 + 1) if times else None

    def _show(self, child: Child, lines: list[bytes]) -> None:
        if child is self._first and self._stop_at is not None:
            return  # its farewell is long and says nothing
        if child is self._first and not self._is_first_ready:
            lines = self._hold(lines)
        if lines:
            self._out.lines(child.name, lines)

    def _hold(self, lines: list[bytes]) -> list[bytes]:
        """Keep the first one's words until it is ready: a start without trouble is no news."""
        for index, line in enumerate(lines):
            if _READY in line:
                self._is_first_ready, self._held = True, []
                if self._begin_at is not None:
                    self._begin_at = 0.0
                return lines[index + 1 :]
        self._held += lines
        return []

    def _tell_held(self) -> None:
        if self._first is not None and self._held:
            self._out.lines(self._first.name, self._held)
            self._is_first_ready, self._held = True, []

    def _reap(self) -> None:
        while (ended := _next_ended()) is not None:
            pid, code = ended
            if pid == self._guard.pid:
                self._guard.start()
            for child in self._children:
                if child.pid == pid:
                    self._bury(child, code)

    def _bury(self, child: Child, code: int) -> None:
        signal_group(child.pid, signal.SIGKILL)  # what it has left behind
        self._guard.remove(child.pid)
        child.pid = 0
        self._show(child, child.read_rest())
        if child is self._first:
            self._tell_held()
            self._is_first_ready = False
        if self._stop_at is None:
            self._say(child.plan_restart(code))


def _next_ended() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, os.waitstatus_to_exitcode(status)) if pid else None


def main(argv: list[str]) -> None:
    """Run the manager on the Procfile and with the numbers that `launch` has settled."""
    commands = procfile.parse(Path(argv[1]).read_text("utf-8"))
    lock_fd = int(argv[3])
    os.set_inheritable(lock_fd, False)
    watch = Watch(argv[5:]) if argv[5:] else None
    Manager(commands, float(argv[2]), lock_fd, watch, is_json=argv[4] == "json").run()


if __name__ == "__main__":
    main(sys.argv)
