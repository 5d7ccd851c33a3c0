"""The jail around a plugin, made of what Linux gives this process: as much of it as there is.

The process that was started stays outside as the keeper: it runs nothing of a user's, waits for the
end of the one inside, and ends it when the worker is gone. See docs/plugins.md, "The jail".
"""

import ctypes
import os
import resource
import select
import signal
import struct
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

from . import landlock, seccomp, syscalls, watching

AUTO, NAMESPACES, LANDLOCK, OFF = "auto", "namespaces", "landlock", "off"

_NEW_NS, _NEW_UTS, _NEW_IPC = 0x00020000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_OWN = _NEW_NS | _NEW_UTS | _NEW_IPC | _NEW_PID | _NEW_NET

_BIND, _RECURSIVE, _PRIVATE, _DETACH = 0x1000, 0x4000, 0x40000, 2
_NO_SUID, _NO_DEVICES = 2, 4
_ATTR_READ_ONLY, _ATTR_NO_SUID, _ATTR_NO_DEVICES, _AT_RECURSIVE = 1, 2, 4, 0x8000
_SET_DEATH_SIGNAL, _DROP_BOUNDING = 1, 24
_CAPABILITY_VERSION = 0x20080522
_LAST_CAPABILITY = 63
# The root holds folders to lay others over, and nothing else.
_ROOT_BYTES = 4 * 2**20
# With namespaces the only place that can be written to; nobody else sees it.
_OWN_DISK = "/tmp"  # noqa: S108 -- as the sentence above says

# How often the keeper looks at what the processes take together.
_LOOK_EVERY_MS = 250

# Users that exist nowhere: each jail of a worker that is root has one of its own.
_FIRST_USER, _MOST_USERS = 0x60000000, 0x8000
_NOBODY = 65534

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_OF_THE_SYSTEM = (
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/bin",
    "/bin",
    "/lib",
    "/lib64",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
)


class NothingHolds(Exception):
    """This machine gives no jail of the kind that is wanted."""


@dataclass(frozen=True)
class Limits:
    """What one plugin's process may take.

    Attributes:
        memory_bytes: Of address space, for each process; of memory, for all of them together.
        cpu_s: In its whole life.
        disk_bytes: In its own folder.
        processes: With their threads; without namespaces it may start none.
        files: Open at once.
    """

    memory_bytes: int
    cpu_s: int
    disk_bytes: int
    processes: int
    files: int


@dataclass(frozen=True)
class Plan:
    """What jail is wanted.

    Attributes:
        kind: AUTO, NAMESPACES, LANDLOCK or OFF.
        folder: The plugin's own; with namespaces another one lies over it.
        readable: What it may read beside Python and the system's libraries.
    """

    kind: str
    folder: str
    readable: tuple[str, ...]
    limits: Limits

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Plan":
        """Read a plan that came over the pipe."""
        return cls(told["kind"], told["folder"], tuple(told["readable"]), Limits(**told["limits"]))


def enter(plan: Plan, lifeline: int) -> tuple[str, ...]:
    """Put what follows into a jail. Only the process inside comes back from this.

    Args:
        lifeline: A pipe whose other end closes when the worker is gone.

    Returns:
        What holds: names of NAMESPACES, LANDLOCK and "seccomp".

    Raises:
        NothingHolds: There is no jail of this kind here.
    """
    is_alone = plan.kind in (AUTO, NAMESPACES) and _own_namespaces(plan.kind == NAMESPACES)
    keeper, proc = os.getpid(), _open_proc() if is_alone else -1
    child = os.fork()
    if child:
        ward = _Ward(child, proc, "" if is_alone else plan.folder, plan.limits)
        _keep(ward, lifeline, has_group=plan.kind == OFF)
    os.close(lifeline)
    if proc >= 0:
        os.close(proc)
    held = _inside(plan, is_alone)
    if not is_alone and os.getppid() != keeper:
        os._exit(1)
    return held


def _inside(plan: Plan, is_alone: bool) -> tuple[str, ...]:
    home = plan.folder
    if is_alone:
        _own_files(plan)
        home = _OWN_DISK
    _become_nobody(is_alone)
    syscalls.prctl(_SET_DEATH_SIGNAL, int(signal.SIGKILL))  # forgotten when users change
    os.chdir(home)
    os.environ.update(HOME=home, TMPDIR=home)
    _limit(plan.limits, is_alone)
    return () if plan.kind == OFF else _shut(plan, home, is_alone)


def _shut(plan: Plan, home: str, is_alone: bool) -> tuple[str, ...]:
    """Let the kernel refuse from now on what the plugin has no business with."""
    held: tuple[str, ...] = (NAMESPACES,) if is_alone else ()
    known = landlock.version()
    if not seccomp.kernel_has_filters() or not (known or is_alone):
        raise NothingHolds("neither namespaces nor Landlock, or no filter of system calls")
    try:
        if known:
            landlock.apply(_readable(plan), (home, *DEVICES))
            held += (LANDLOCK,)
        seccomp.apply(is_alone, guards_truncation=known >= 3)
    except OSError as error:
        raise NothingHolds(str(error)) from None
    return (*held, "seccomp")


def _own_namespaces(is_required: bool) -> bool:
    """Leave the namespaces of the machine; a process that is not root becomes one among its own."""
    try:
        if os.geteuid() == 0:
            syscalls.call("unshare", _OWN)
        else:
            _leave_as_user()
    except OSError as error:
        if is_required:
            raise NothingHolds(f"no namespaces: {error}") from None
        return False
    return True


def _leave_as_user() -> None:
    user, group = os.geteuid(), os.getegid()
    syscalls.call("unshare", _OWN | _NEW_USER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def _open_proc() -> int:
    """Open the machine's view of processes, for the keeper: its root is another one later."""
    try:
        return os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return -1


@dataclass(frozen=True)
class _Ward:
    """Whom the keeper looks after.

    Attributes:
        pid: The process inside.
        proc: A handle of `/proc` where it may start others; else -1.
        folder: Its own; empty where a disk of its own lies over it.
    """

    pid: int
    proc: int
    folder: str
    limits: Limits

    @property
    def takes_too_much(self) -> bool:
        """Whether it has gone beyond what the kernel does not limit."""
        disk, memory = self.limits.disk_bytes, self.limits.memory_bytes
        if self.folder and watching.disk_bytes(self.folder, disk) > disk:
            return True
        return self.proc >= 0 and watching.memory_bytes(self.pid, self.proc, memory) > memory


def _keep(ward: _Ward, lifeline: int, has_group: bool) -> NoReturn:
    """Wait for the end of the process inside, or of the worker; leave nothing in its folder."""
    for number in (0, 1, 2, 3, 4):
        os.close(number)
    handle = os.pidfd_open(ward.pid)
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    waiting.register(lifeline, 0)
    while not (ready := dict(waiting.poll(_LOOK_EVERY_MS))) and not ward.takes_too_much:
        pass
    if handle not in ready:
        os.kill(ward.pid, signal.SIGKILL)
    _, status = os.waitpid(ward.pid, 0)
    if ward.folder:
        watching.clear(ward.folder)
    if has_group:
        # What it has left behind; this process is of the same group.
        os.killpg(0, signal.SIGKILL)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _own_files(plan: Plan) -> None:
    """Change the root for one in which there is nothing but what may be read, and a small disk."""
    os.umask(0o022)  # another user has to find its way
    syscalls.call("mount", b"none", b"/", None, _RECURSIVE | _PRIVATE, None)
    root = plan.folder
    _empty_disk(root, _ROOT_BYTES)
    os.mkdir(f"{root}{_OWN_DISK}")
    _empty_disk(f"{root}{_OWN_DISK}", plan.limits.disk_bytes)
    os.chmod(f"{root}{_OWN_DISK}", 0o1777)  # noqa: S103 -- a disk of its own
    for path in (*_readable(plan), *DEVICES):
        if os.path.exists(path):
            _show(path, root)
    _read_only(root)
    os.chdir(root)
    syscalls.call("pivot_root", b".", b".")
    syscalls.call("umount2", b".", _DETACH)


def _empty_disk(path: str, size_bytes: int) -> None:
    options = f"size={size_bytes},mode=0755,nr_inodes=20000".encode()
    syscalls.call("mount", b"tmpfs", os.fsencode(path), b"tmpfs", _NO_SUID | _NO_DEVICES, options)


def _show(path: str, root: str) -> None:
    """Let a folder or a file be seen under the new root, at its own place."""
    place = f"{root}{path}"
    if os.path.isdir(path):
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "ab"):
            pass
    syscalls.call("mount", os.fsencode(path), os.fsencode(place), None, _BIND | _RECURSIVE, None)
    is_device = path in DEVICES
    if not is_device:
        _read_only(place, recursively=True)


def _read_only(place: str, recursively: bool = False) -> None:
    """Forbid changes; flags are only added, which is allowed in every user namespace."""
    flags = _ATTR_READ_ONLY | _ATTR_NO_SUID | _ATTR_NO_DEVICES
    packed = struct.pack("=QQQQ", flags, 0, 0, 0)
    attributes = ctypes.create_string_buffer(packed, len(packed))
    how = _AT_RECURSIVE if recursively else 0
    syscalls.call("mount_setattr", -100, os.fsencode(place), how, attributes, len(packed))


def _readable(plan: Plan) -> tuple[str, ...]:
    """List what is needed to run Python and its packages, and what the plan adds to it."""
    prefixes = dict.fromkeys((sys.base_prefix, sys.prefix))
    parts = [f"{one}/{part}" for one in prefixes for part in ("bin", "lib", "lib64", "pyvenv.cfg")]
    return (*_OF_THE_SYSTEM, *parts, *plan.readable)


def _become_nobody(is_alone: bool) -> None:
    """Give up every privilege, and the user too where that user is root."""
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            syscalls.prctl(_DROP_BOUNDING, capability)
        except OSError:
            break  # not ours to drop, or beyond the last
    if is_alone and os.geteuid() == 0:
        _change_user()
    head = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    nothing = ctypes.create_string_buffer(24)
    syscalls.call("capset", ctypes.create_string_buffer(head, len(head)), nothing)


def _change_user() -> None:
    chosen = _FIRST_USER + int.from_bytes(os.urandom(4), "big") % _MOST_USERS
    os.setgroups([])
    for user in (chosen, _NOBODY):
        try:
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            return
        except OSError:
            continue  # this machine's namespace has no such user
    raise NothingHolds("no user to change to")


def _limit(limits: Limits, is_alone: bool) -> None:
    _set_limit(resource.RLIMIT_AS, limits.memory_bytes)
    _set_limit(resource.RLIMIT_CPU, limits.cpu_s)
    _set_limit(resource.RLIMIT_FSIZE, limits.disk_bytes)
    _set_limit(resource.RLIMIT_NOFILE, limits.files)
    _set_limit(resource.RLIMIT_CORE, 0)
    if is_alone:
        _set_limit(resource.RLIMIT_NPROC, limits.processes)


def _set_limit(which: int, wanted: int) -> None:
    _, most = resource.getrlimit(which)
    value = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(which, (value, value))
