"""The filter of system calls: what of the kernel's doors stays shut for user-written code.

A program of the kernel's packet filter, written by hand: it reads the number and the arguments of a
call, never what they point at.

Source: Linux, Documentation/userspace-api/seccomp_filter.rst; include/uapi/linux/filter.h.
"""

import ctypes
import errno
import os
import signal
import socket
import struct

from . import syscalls

_LOAD, _EQUAL, _AT_LEAST, _MASK, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NR, _ARCH = 0, 4
# Numbers from here on are those of another way to call the same kernel.
_X32 = 0x40000000
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2

_NEW_NAMESPACES = 0x7E020000
_CLONE_THREAD = 0x00010000
_MSG_FASTOPEN = 0x20000000
_TYPE_OF_SOCKET = 0xF
# TIOCSTI, TIOCLINUX; FIOSETOWN, SIOCSPGRP: who is signalled when something can be read.
_REQUESTS = (0x5412, 0x541C, 0x8901, 0x8902)
# F_SETOWN, F_SETSIG, F_SETOWN_EX: the same; F_SETLEASE lets others wait for a file.
_COMMANDS = (8, 10, 15, 1024)

# Other processes; other views of files; the network (connections come from outside, ready made);
# what processes share; what a whole machine has; parts in which errors were found again and again.
_FORBIDDEN = """
    ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd pidfd_send_signal
    rt_sigqueueinfo rt_tgsigqueueinfo migrate_pages move_pages
    inotify_init inotify_init1
    mount umount2 pivot_root chroot unshare setns mount_setattr open_tree move_mount fsopen
    fsconfig fsmount fspick open_by_handle_at name_to_handle_at mknod mknodat fanotify_init
    connect bind listen accept accept4
    msgget msgsnd msgrcv msgctl shmget shmat shmctl semget semop semtimedop semctl
    mq_open mq_unlink add_key request_key keyctl
    acct quotactl quotactl_fd swapon swapoff reboot settimeofday clock_settime clock_adjtime
    adjtimex sethostname setdomainname syslog iopl ioperm vhangup personality init_module
    finit_module delete_module kexec_load kexec_file_load
    bpf perf_event_open userfaultfd modify_ldt
"""
# As if the kernel was older: callers have other ways.
_UNKNOWN = ("io_uring_setup", "io_uring_enter", "io_uring_register", "clone3")
# About a process, which their first argument names; 0 is the one that calls.
_OF_A_PROCESS = "prlimit64 sched_setaffinity sched_setscheduler sched_setparam sched_setattr"
# What setpriority and ioprio_set call one process, and no group or user.
_PRIORITIES = {"setpriority": 0, "ioprio_set": 1}
# Done by saying so: without a view of files of its own, they would reach those of everybody.
_PRETENDED = """
    chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat
    setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
"""

Program = list[tuple[int, int, int, int]]


def apply(is_alone: bool, guards_truncation: bool) -> None:
    """Shut the doors for this process and all that it starts, for good.

    Args:
        is_alone: Whether it has processes and files of its own, by namespaces. If not it may start
            no process, signal none, and change nothing about files but what is in them.
        guards_truncation: Whether Landlock knows of truncation.

    Raises:
        OSError: The kernel has no filters.
    """
    program = _program(is_alone, guards_truncation)
    packed = b"".join(struct.pack("=HBBI", *step) for step in program)
    code = ctypes.create_string_buffer(packed, len(packed))
    head = struct.pack("@HP", len(program), ctypes.addressof(code))
    syscalls.prctl(_SET_NO_NEW_PRIVS, 1)
    syscalls.prctl(_SET_SECCOMP, _FILTER, ctypes.create_string_buffer(head, len(head)))


def _program(is_alone: bool, guards_truncation: bool) -> Program:
    program: Program = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, syscalls.ARCHES[syscalls.MACHINE]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NR),
        (_AT_LEAST, 0, 1, _X32),
        _fail(errno.EPERM),
    ]
    for name in _FORBIDDEN.split():
        program += _on(name, [_fail(errno.EPERM)])
    for name in _UNKNOWN:
        program += _on(name, [_fail(errno.ENOSYS)])
    program += _sockets() + _requests() + _processes(is_alone)
    if not is_alone:
        program += _files_of_everybody(guards_truncation)
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _sockets() -> Program:
    """Let TCP sockets be made, for connections to be put into them, and pairs of local ones."""
    families = [int(socket.AF_INET), int(socket.AF_INET6)]
    program = _on(
        "socket",
        [
            *_require(_one_of(0, families)),
            *_require(_one_of(1, [int(socket.SOCK_STREAM)], _TYPE_OF_SOCKET)),
            *_require(_one_of(2, [0, int(socket.IPPROTO_TCP)])),
            (_RETURN, 0, 0, _ALLOW),
        ],
    )
    local = _require(_one_of(0, [int(socket.AF_UNIX)]))
    # One for datagrams could send to any local socket, whatever it is paired with.
    types = [int(socket.SOCK_STREAM), int(socket.SOCK_SEQPACKET)]
    paired = _require(_one_of(1, types, _TYPE_OF_SOCKET))
    program += _on("socketpair", [*local, *paired, (_RETURN, 0, 0, _ALLOW)])
    for name, place in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        no_opening = _require(_one_of(place, [0], _MSG_FASTOPEN))
        program += _on(name, [*no_opening, (_RETURN, 0, 0, _ALLOW)])
    return program


def _requests() -> Program:
    """Let nobody type into a terminal, have others signalled, or keep them from a file."""
    program: Program = []
    for name, values in (("ioctl", _REQUESTS), ("fcntl", _COMMANDS)):
        body: Program = [(_LOAD, 0, 0, _low(1))]
        for value in values:
            body += [(_EQUAL, 0, 1, value), _fail(errno.EPERM)]
        program += _on(name, [*body, (_RETURN, 0, 0, _ALLOW)])
    return program


def _processes(is_alone: bool) -> Program:
    """Let processes and threads be started, but into no new namespaces; or only threads."""
    flags = _one_of(0, [0], _NEW_NAMESPACES)
    if is_alone:
        return _on("clone", [*_require(flags), (_RETURN, 0, 0, _ALLOW)])
    thread = _require(_one_of(0, [_CLONE_THREAD], _CLONE_THREAD))
    program = _on("clone", [*_require(flags), *thread, (_RETURN, 0, 0, _ALLOW)])
    for name in ("fork", "vfork", "tkill"):
        program += _on(name, [_fail(errno.EPERM)])
    for name in ("kill", "tgkill"):
        itself = _require(_one_of(0, [os.getpid()]))
        program += _on(name, [*itself, (_RETURN, 0, 0, _ALLOW)])
    return program + _settings_of_processes()


def _settings_of_processes() -> Program:
    """Let limits, cores and priorities be changed of the process itself only."""
    itself = [0, os.getpid()]
    program: Program = []
    for name in _OF_A_PROCESS.split():
        program += _on(name, [*_require(_one_of(0, itself)), (_RETURN, 0, 0, _ALLOW)])
    for name, process in _PRIORITIES.items():
        look = [*_require(_one_of(0, [process])), *_require(_one_of(1, itself))]
        program += _on(name, [*look, (_RETURN, 0, 0, _ALLOW)])
    return program


def _files_of_everybody(guards_truncation: bool) -> Program:
    program: Program = []
    for name in _PRETENDED.split():
        program += _on(name, [_fail(0)])
    if guards_truncation:
        return program
    # Opened for reading, and emptied by that: Landlock before its third version lets it happen.
    for name, place in (("open", 1), ("openat", 2)):
        reading = [(_LOAD, 0, 0, _low(place)), (_MASK, 0, 0, os.O_TRUNC | os.O_ACCMODE)]
        emptied = [(_EQUAL, 0, 1, os.O_TRUNC), _fail(errno.EPERM)]
        program += _on(name, [*reading, *emptied, (_RETURN, 0, 0, _ALLOW)])
    program += _on("truncate", [_fail(errno.EPERM)])
    return program + _on("openat2", [_fail(errno.ENOSYS)])


def _fail(code: int) -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, _ERRNO | code)


def _low(argument: int) -> int:
    """Tell where the lower half of an argument stands; both machines are little-endian."""
    return 16 + 8 * argument


def _on(name: str, body: Program) -> Program:
    """Do something at one call; what has the call's number is still loaded after it."""
    number = syscalls.number(name)
    return [] if number < 0 else [(_EQUAL, 0, len(body), number), *body]


def _one_of(argument: int, values: list[int], mask: int | None = None) -> Program:
    """Look at an argument; go on two steps further when it is one of the values."""
    program: Program = [(_LOAD, 0, 0, _low(argument))]
    if mask is not None:
        program.append((_MASK, 0, 0, mask))
    for place, value in enumerate(values):
        program.append((_EQUAL, len(values) - place, 0, value))
    return program


def _require(look: Program) -> Program:
    """Refuse the call unless the look was a success."""
    return [*look, _fail(errno.EACCES)]


def kernel_has_filters() -> bool:
    """Whether this machine is one whose calls are known here."""
    return syscalls.MACHINE in syscalls.ARCHES and hasattr(signal, "SIGSYS")
