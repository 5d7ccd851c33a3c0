"""Landlock: which files a process may open, by the kernel, for unprivileged processes too.

Source: Linux, Documentation/userspace-api/landlock.rst; include/uapi/linux/landlock.h.
"""

import ctypes
import os
import struct
from collections.abc import Iterable

from . import syscalls

_VERSION_FLAG, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE, _READ, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
# Names of the rights that each version of the kernel's interface knows, as a mask.
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL
_ALL_TCP, _ALL_SCOPES = 0b11, 0b11


def version() -> int:
    """Tell which version of Landlock the kernel offers; 0 when none."""
    try:
        return syscalls.call("landlock_create_ruleset", None, 0, _VERSION_FLAG)
    except OSError:
        return 0


def apply(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Let this process, and all that it starts, open nothing but what is named, for good.

    Needs `no_new_privs`, which the filter of system calls sets as well.

    Args:
        readable: Folders and files to read and to run; those that are missing do not count.
        writable: Folders and files in which everything may be done.

    Raises:
        OSError: The kernel does not do it.
    """
    known = version()
    handled = _RIGHTS[max(v for v in _RIGHTS if v <= known)]
    tcp, scopes = _ALL_TCP if known >= 4 else 0, _ALL_SCOPES if known >= 6 else 0
    packed = struct.pack("=QQQ", handled, tcp, scopes)[: _size(known)]
    rules = syscalls.call(
        "landlock_create_ruleset", ctypes.create_string_buffer(packed, len(packed)), len(packed), 0
    )
    for path in readable:
        _allow(rules, path, handled & (_EXECUTE | _READ | _READ_DIR))
    for path in writable:
        _allow(rules, path, handled)
    syscalls.prctl(38, 1)
    syscalls.call("landlock_restrict_self", rules, 0)
    os.close(rules)


def _size(known: int) -> int:
    if known < 4:
        return 8
    return 16 if known < 6 else 24


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):
        rights &= _OF_FILES
    packed = struct.pack("=Qi", rights, place)
    rule = ctypes.create_string_buffer(packed, len(packed))
    syscalls.call("landlock_add_rule", rules, _PATH_BENEATH, rule, 0)
    os.close(place)
