"""A second process beside the manager: when the manager is gone (kill -9), it ends the children."""

import os
import signal
import time

from launch.child import read_some

_POLL_S = 0.05
_LAST_GRACE_S = 5.0


class Guard:
    """The manager's end of the pipe to its guard.

    Args:
        grace_s: So long the children have to end by themselves.
        outputs: The pipes that the children write to; the guard keeps them open, so that nobody who
            ends in order stumbles over a broken pipe.
        lock_fd: The lock of the data folder, held until the last child is gone.
    """

    def __init__(self, grace_s: float, outputs: list[int], lock_fd: int) -> None:
        self._grace_s = grace_s
        self._outputs = outputs
        self._lock_fd = lock_fd
        self.pid = 0
        self._pipe = -1
        self._groups: dict[int, bool] = {}

    def start(self) -> None:
        """Fork the guard, and tell it of the groups that run already."""
        if self._pipe >= 0:
            os.close(self._pipe)
        read, self._pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _become_guard(read, self._outputs, self._lock_fd, self._grace_s)
        os.close(read)
        for group, is_last in self._groups.items():
            self._tell(b"+%d %d\n" % (group, is_last))

    def add(self, group: int, *, is_last: bool) -> None:
        """Say that a process group was started; `is_last` ones are ended after all others."""
        self._groups[group] = is_last
        self._tell(b"+%d %d\n" % (group, is_last))

    def remove(self, group: int) -> None:
        """Say that a process group has ended."""
        if self._groups.pop(group, None) is not None:
            self._tell(b"-%d\n" % group)

    def stop(self) -> None:
        """Let the guard go, and wait until it is gone."""
        os.close(self._pipe)
        os.waitpid(self.pid, 0)

    def _tell(self, line: bytes) -> None:
        try:
            os.write(self._pipe, line)
        except BrokenPipeError:
            return  # the guard was killed; the manager notices its end and calls start()


def _become_guard(pipe: int, outputs: list[int], lock_fd: int, grace_s: float) -> None:
    """Live as the guard until the manager's end of the pipe closes; never returns."""
    try:
        os.setpgid(0, 0)  # a Ctrl-C or a kill of the manager's group must not reach the guard
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for fd in map(int, os.listdir("/dev/fd")):
            if fd not in {0, 1, 2, pipe, lock_fd, *outputs}:
                _close(fd)
        groups = _read_groups(pipe)
        _end([g for g, is_last in groups.items() if not is_last], grace_s, outputs)
        _end([g for g, is_last in groups.items() if is_last], _LAST_GRACE_S, outputs)
    finally:
        os._exit(0)


def _close(fd: int) -> None:
    try:
        os.close(fd)
    except OSError:
        return  # the listing's own descriptor is closed already


def _read_groups(pipe: int) -> dict[int, bool]:
    groups: dict[int, bool] = {}
    rest = b""
    while data := os.read(pipe, 4096):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            group, _, is_last = line[1:].partition(b" ")
            if line.startswith(b"+"):
                groups[int(group)] = is_last == b"1"
            else:
                groups.pop(int(group), None)
    return groups


def _end(groups: list[int], grace_s: float, outputs: list[int]) -> None:
    """Ask every group's leader to end; kill what has not ended in time, and what it left behind."""
    for group in groups:
        _ask(group)
    left = groups
    deadline = time.monotonic() + grace_s
    while (left := [g for g in left if not _has_ended(g)]) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        for pipe in outputs:
            read_some(pipe)
    for group in groups:
        signal_group(group, signal.SIGKILL)


def _has_ended(leader: int) -> bool:
    """Tell whether a group's leader has ended, also when nobody has taken note of it yet."""
    try:
        with open(f"/proc/{leader}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] == b"Z"
    except OSError:
        return not signal_group(leader, 0)


def _ask(leader: int) -> None:
    try:
        os.kill(leader, signal.SIGTERM)
    except ProcessLookupError:
        return  # ended already


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; tell whether the group still exists."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
