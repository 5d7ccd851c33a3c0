"""Starting the child process of a plugin: a Python of its own, with three lines to us."""

import contextlib
import fcntl
import os
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from shared.config.settings import get_settings
from shared.offload import off_loop
from workers.plugins.inside import watching
from workers.plugins.inside.start import CONTROL, DOOR, LIFELINE

_INSIDE = Path(__file__).with_name("inside")
# Loads the package beside this file without anything of ours on the path.
_BOOT = """
import importlib.util, sys
place = sys.argv[1]
spec = importlib.util.spec_from_file_location(
    "inside", place + "/__init__.py", submodule_search_locations=[place])
package = sys.modules["inside"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
from inside.start import main
main()
"""
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
# Above the numbers that the lines get in the child.
_FIRST_HANDLE = 16


@dataclass
class Child:
    """A process, with our ends of its lines.

    Attributes:
        pid: Of the keeper; the plugin's own process ends with it.
        folder: Its own; gone after `end`.
        control: The pipe of docs/plugins.md.
        door: Where it asks for connections.
    """

    pid: int
    folder: str
    control: socket.socket
    door: socket.socket
    _lifeline: int

    def end(self) -> None:
        """Kill it with all that it has started. Safe to be called twice."""
        for line in (self.control, self.door):
            line.close()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        self.drop_folder()

    def drop_folder(self) -> None:
        """Remove its folder from our disk; one with namespaces has its own laid over it."""
        if self.folder:
            folder, self.folder = self.folder, ""
            try:
                os.rmdir(folder)  # as it is with namespaces
            except OSError:
                off_loop(watching.clear, folder)

    def exit_code(self) -> int | None:
        """Tell how it ended; None while it runs, or when that is not known."""
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            return None
        return os.waitstatus_to_exitcode(status) if pid else None


def start() -> Child:
    """Start a process that waits to be told what to open.

    Raises:
        OSError: The machine has no room for it.
    """
    folder = tempfile.mkdtemp(prefix="switchyard-plugin-")
    control, its_control = socket.socketpair()
    door, its_door = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    its_lifeline, lifeline = os.pipe()
    ends = {its_control.fileno(): CONTROL, its_door.fileno(): DOOR, its_lifeline: LIFELINE}
    try:
        pid = _spawn(ends)
    except OSError:
        Child(0, folder, control, door, lifeline).end()
        raise
    finally:
        os.close(its_lifeline)
        its_control.close()
        its_door.close()
    return Child(pid, folder, control, door, lifeline)


def _spawn(ends: dict[int, int]) -> int:
    arguments = [sys.executable, "-I", "-B", "-X", "utf8", "-c", _BOOT, str(_INSIDE)]
    moved = {
        fcntl.fcntl(ours, fcntl.F_DUPFD_CLOEXEC, _FIRST_HANDLE): at for ours, at in ends.items()
    }
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    actions = [(os.POSIX_SPAWN_DUP2, nothing, number) for number in (0, 1, 2)]
    actions += [(os.POSIX_SPAWN_DUP2, ours, at) for ours, at in moved.items()]
    try:
        return os.posix_spawn(
            sys.executable, arguments, _ENVIRONMENT, file_actions=actions, setsid=True
        )
    finally:
        for handle in (nothing, *moved):
            with contextlib.suppress(OSError):
                os.close(handle)


def _moved(handle: int) -> int:
    return fcntl.fcntl(handle, fcntl.F_DUPFD_CLOEXEC, _FIRST_HANDLE)


def plan(folder: str, packages: str) -> dict[str, object]:
    """Write the jail that the settings want, as it travels over the pipe."""
    settings = get_settings()
    return {
        "kind": settings.plugins_sandbox,
        "folder": folder,
        "readable": [str(_INSIDE), *([packages] if packages else [])],
        "limits": {
            "memory_bytes": settings.plugins_memory_mb * 2**20,
            "cpu_s": settings.plugins_cpu_s,
            "disk_bytes": settings.plugins_disk_mb * 2**20,
            "processes": settings.plugins_processes,
            "files": 256,
        },
    }
