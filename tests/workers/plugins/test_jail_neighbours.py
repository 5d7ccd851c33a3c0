"""What a plugin could do to others that run beside it, and cannot."""

import fcntl
import os
import resource
import socket
import subprocess

import pytest

from tests.workers.plugins.test_jail import KINDS, refused, trying

pytestmark = pytest.mark.usefixtures("plugins_end")


@pytest.fixture(params=KINDS)
def attempt(request, configure):
    """Let a plugin run a piece of code and give what it has found."""
    configure(plugins_sandbox=request.param, plugins_timeout_s=20)
    return trying()


@pytest.fixture
def bystander():
    """A process of ours that a plugin has no business with."""
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as process:
        yield process
        process.stdin.close()


def test_nothing_of_another_process_is_changed(attempt, bystander):
    pid = bystander.pid
    before = [resource.prlimit(pid, resource.RLIMIT_NOFILE), os.getpriority(os.PRIO_PROCESS, pid)]
    info = "info = ctypes.create_string_buffer(struct.pack('=iii', 9, 0, -1) + bytes(116))\n"
    for name, act in {
        "signal with a word": f"libc.syscall(129, {pid}, 9, info)",
        "signal to a thread": f"libc.syscall(297, {pid}, {pid}, 9, info)",
        "limits": f"libc.syscall(302, {pid}, 7, ctypes.create_string_buffer(16), 0)",
        "cores": f"libc.syscall(203, {pid}, 8, ctypes.create_string_buffer(b'\\1' + bytes(7)))",
        "scheduler": f"libc.syscall(144, {pid}, 3, ctypes.create_string_buffer(8))",
        "priority": f"libc.syscall(141, 0, {pid}, 19)",
        "disk's priority": f"libc.syscall(251, 1, {pid}, 3 << 13)",
        "memory's place": f"libc.syscall(256, {pid}, 0, 0, 0)",
    }.items():
        assert attempt(f"import struct\n{info}found = {act}") == -1, name

    after = [resource.prlimit(pid, resource.RLIMIT_NOFILE), os.getpriority(os.PRIO_PROCESS, pid)]
    assert (bystander.poll(), after) == (None, before)
    assert os.sched_getaffinity(pid) == os.sched_getaffinity(0)


def test_a_whole_user_is_not_slowed_down(request, configure):
    configure(plugins_sandbox="landlock", plugins_timeout_s=20)
    attempt = trying()

    for which in (1, 2):
        assert attempt(f"found = libc.syscall(141, {which}, 0, 19)") == -1


def test_it_may_still_slow_itself_down(attempt):
    assert attempt("found = os.nice(1)") >= 1
    assert attempt("import resource\nfound = resource.getrlimit(resource.RLIMIT_CORE)") == [0, 0]


def test_no_signal_is_ordered_by_way_of_a_file(attempt, bystander):
    owner = f"fcntl.F_SETOWN, {bystander.pid}"
    for act in (f"fcntl.fcntl(s, {owner})", "fcntl.fcntl(s, fcntl.F_SETSIG, 9)"):
        refused(attempt, f"import fcntl\ns, t = socket.socketpair()\n{act}")
    refused(attempt, "import fcntl\ns, t = socket.socketpair()\nfcntl.ioctl(s, 0x8901, b'1234')")
    refused(attempt, "import fcntl\nf = open('own', 'w')\nfcntl.fcntl(f, fcntl.F_SETLEASE, 1)")
    assert bystander.poll() is None


def test_nothing_is_sent_to_local_sockets(attempt, tmp_path):
    named = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    hidden = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with named, hidden:
        named.bind(str(tmp_path / "log"))
        hidden.bind("\0switchyard-jail-test")
        for place in (named.getsockname(), "\0switchyard-jail-test"):
            send = f"s.sendto(b'x', {place!r})"
            make = "s, t = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)"
            refused(attempt, f"{make}\n{send}")
            refused(attempt, f"s, t = socket.socketpair()\n{send}")
        for one in (named, hidden):
            with pytest.raises(BlockingIOError):
                one.recv(1, socket.MSG_DONTWAIT)


def test_nobody_watches_what_happens_in_folders(attempt):
    for number in (253, 294):
        assert attempt(f"found = libc.syscall({number}, 0)") == -1


def test_memory_that_processes_share_is_not_ours(attempt):
    for name, number in {"shmat": 30, "semop": 65, "msgsnd": 69, "mq_unlink": 241}.items():
        assert attempt(f"found = libc.syscall({number}, 0, 0, 0, 0)") == -1, name
        assert attempt("found = ctypes.get_errno()") in (0, 1), name


def test_files_that_are_open_here_are_not_open_there(attempt, tmp_path):
    with open(tmp_path / "ours", "w") as file:
        leaked = [fcntl.fcntl(file, fcntl.F_DUPFD, number) for number in (6, 5000)]
        for handle in leaked:
            os.set_inheritable(handle, True)
        found = attempt(
            """
            found = []
            for handle in range(8192):
                try:
                    found.append(os.fstat(handle).st_ino)
                except OSError:
                    pass
            """
        )
        for handle in leaked:
            os.close(handle)

    assert len(found) >= 5
    assert (tmp_path / "ours").stat().st_ino not in found


def test_what_is_sent_to_the_door_and_is_no_socket_is_let_go(attempt):
    attempt("found = 1")
    before = len(os.listdir("/proc/self/fd"))

    refused(
        attempt,
        """
        import array
        door = socket.socket(fileno=os.dup(4))
        files = array.array("i", [os.open("own", os.O_CREAT | os.O_RDWR) for _ in range(4)])
        about = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)]
        for _ in range(5):
            door.sendmsg([b'{"op": "resolve", "host": "x"}'], about)
        socket.create_connection(("127.0.0.1", 9), 2)
        """,
    )

    assert len(os.listdir("/proc/self/fd")) <= before + 1
