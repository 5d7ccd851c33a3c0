"""What a plugin tries in its jail, and does not get; with namespaces, and with Landlock alone."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from shared.config.settings import get_settings, secret_key
from tests.fakes.web_server import FakeWeb
from tests.services.plugging import plug
from workers.plugins.base import PluginFailed
from workers.plugins.pool import pool

KINDS = ("namespaces", "landlock")
# Runs whatever a test wants to try.
TRYING = """
    import ctypes, os, socket, struct, sys

    def inet(port):
        head = struct.pack("=H", socket.AF_INET) + struct.pack(">H", port)
        return head + bytes([127, 0, 0, 1]) + bytes(8)

    class Tools:
        def attempt(self, code: str):
            space = {"os": os, "sys": sys, "socket": socket, "ctypes": ctypes, "inet": inet}
            space["libc"] = ctypes.CDLL(None, use_errno=True)
            exec(code, space)
            return space.get("found")
"""

pytestmark = pytest.mark.usefixtures("plugins_end")


@pytest.fixture(params=KINDS)
def attempt(request, configure):
    """Let a plugin run a piece of code and give what it has found."""
    configure(plugins_sandbox=request.param, plugins_timeout_s=20)
    return trying()


def trying(name: str = "tool_tried"):
    plugin = plug(TRYING, name=name)
    return lambda code: plugin.call("attempt", {"code": textwrap.dedent(code)})


def refused(attempt, code: str) -> None:
    """Check that the kernel or the door says no; a mistake in the code would say something else."""
    with pytest.raises(PluginFailed, match=r"Errno|^\w+: (1|13|97)$"):
        attempt(code)


def test_the_environment_is_not_ours(attempt):
    names = attempt("found = sorted(os.environ)")

    assert set(names) <= {"PATH", "LANG", "HOME", "TMPDIR", "LC_CTYPE"} | {
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
    }


def test_nobodys_environment_can_be_read(attempt):
    for pid in ("self", os.getpid(), os.getppid(), 1):
        refused(attempt, f"found = open('/proc/{pid}/environ', 'rb').read()")
    refused(attempt, "found = os.listdir('/proc')")


def test_the_database_and_the_key_cannot_be_read(attempt, world, tmp_path):
    secret_key()
    folder = get_settings().data_dir
    database = tmp_path / "switchyard.db"
    (folder / "secret_key").parent.mkdir(parents=True, exist_ok=True)
    (folder / "secret_key").touch()

    for path in (database, folder / "secret_key", Path("/etc/passwd"), Path(__file__)):
        assert path.exists()
        refused(attempt, f"found = open({str(path)!r}, 'rb').read(10)")
        refused(attempt, f"found = open({str(path)!r}, 'ab').write(b'x')")
        refused(attempt, f"os.unlink({str(path)!r})")
        assert path.exists()
    refused(attempt, f"found = os.listdir({str(folder)!r})")


def test_a_file_of_ours_keeps_its_mode_owner_times_and_length(attempt, tmp_path):
    file = tmp_path / "kept"
    file.write_text("kept")
    before = file.stat()
    for act in (
        "os.chmod({0}, 0)",
        "os.chown({0}, 1, 1)",
        "os.utime({0}, (1, 1))",
        "os.truncate({0}, 0)",
        "os.open({0}, os.O_RDONLY | os.O_TRUNC)",
        "os.rename({0}, '/tmp/x')",
        "os.symlink('x', {0} + '.link')",
        "os.setxattr({0}, 'user.x', b'1')",
    ):
        attempt(f"try:\n    {act.format(repr(str(file)))}\nexcept OSError:\n    pass")

    after = file.stat()
    kept = ("st_mode", "st_uid", "st_gid", "st_mtime", "st_size", "st_ino")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert os.listdir(tmp_path) == ["kept"]
    assert not os.listxattr(file)


def test_another_plugin_can_neither_be_seen_nor_touched(attempt):
    other = trying("tool_other")
    place = other("open('secret', 'w').write('theirs'); found = os.path.abspath('secret')")
    pid = other("found = os.getpid()")

    refused(attempt, f"found = open({place!r}).read()")
    refused(attempt, f"os.kill({pid if pid > 1 else os.getpid()}, 9)")
    for name, number in (("ptrace", 101), ("process_vm_readv", 310), ("pidfd_getfd", 438)):
        assert attempt(f"found = libc.syscall({number}, 16, {pid}, 0, 0, 0, 0)") == -1, name
    assert other("found = open('secret').read()") == "theirs"


def test_processes_of_ours_are_not_signalled(attempt):
    for pid in (os.getpid(), -1):
        refused(attempt, f"os.kill({pid}, 0 if {pid} > 0 else 9)\nfound = 'done'")


@pytest.mark.parametrize("way", ["python", "c", "unix", "udp"])
def test_valkey_cannot_be_reached(attempt, valkey, way):
    ways = {
        "python": "socket.create_connection(('127.0.0.1', {0}), 2)",
        "c": """
            s = socket.socket()
            if libc.connect(s.fileno(), inet({0}), 16):
                raise OSError(ctypes.get_errno())
        """,
        "unix": "socket.socket(socket.AF_UNIX)",
        "udp": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    }
    refused(attempt, textwrap.dedent(ways[way]).format(valkey.port))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1", "0.0.0", "169.254.169.254", "10.0.0.1"],
)
def test_neither_we_nor_our_house_nor_metadata_can_be_reached(attempt, host):
    with FakeWeb() as web:
        refused(attempt, f"socket.create_connection(({host!r}, {web.port}), 2)")
        refused(attempt, f"socket.getaddrinfo('localhost', {web.port})")

    assert not web.asked


def test_nobody_can_be_let_in(attempt):
    refused(attempt, "s = socket.socket(); s.bind(('127.0.0.1', 0))")
    refused(attempt, "s = socket.socket(); s.listen()")


def test_what_is_allowed_is_reached_through_the_door(attempt, configure):
    configure(outbound_allowed_networks="127.0.0.1")
    with FakeWeb() as web:
        url = web.put("/page", "hello")
        said = attempt(f"import requests\nfound = requests.get({url!r}, timeout=5).text")
        later = attempt(
            f"""
            import asyncio
            async def read():
                reader, writer = await asyncio.open_connection('127.0.0.1', {web.port})
                writer.write(b'GET /page HTTP/1.0\\r\\n\\r\\n')
                return (await reader.read()).decode()
            import threading
            box = []
            thread = threading.Thread(target=lambda: box.append(asyncio.run(read())))
            thread.start(); thread.join()
            found = box[0]
            """
        )

    assert said == "hello"
    assert later.endswith("hello")


def test_our_services_are_not_reached_even_where_their_network_is_allowed(
    attempt, configure, valkey
):
    configure(outbound_allowed_networks="127.0.0.1")

    refused(attempt, f"socket.create_connection(('127.0.0.1', {valkey.port}), 2)")
    refused(attempt, f"socket.create_connection(('127.0.0.1', {get_settings().port}), 2)")


def test_a_connection_cannot_be_led_elsewhere(attempt, configure, valkey):
    configure(outbound_allowed_networks="127.0.0.1")
    with FakeWeb() as web:
        found = attempt(
            f"""
            s = socket.create_connection(('127.0.0.1', {web.port}), 2)
            at = inet({valkey.port})
            found = [libc.connect(s.fileno(), bytes(16), 16), libc.connect(s.fileno(), at, 16),
                     libc.sendto(socket.socket().fileno(), b"x", 1, 0x20000000, at, 16)]
            """
        )

    assert found == [-1, -1, -1]


def test_the_network_can_be_switched_off(attempt, configure):
    configure(outbound_allowed_networks="127.0.0.1", plugins_network="none")
    with FakeWeb() as web:
        refused(attempt, f"socket.create_connection(('127.0.0.1', {web.port}), 2)")
        refused(attempt, "socket.getaddrinfo('example.com', 80)")

    assert not web.asked


def test_there_is_no_way_out(attempt):
    calls = {"unshare": (272, 0x10000000), "setns": (308, 3), "chroot": (161, 0), "bpf": (321, 0)}
    calls |= {"io_uring": (425, 8), "keyctl": (250, 0), "mount": (165, 0)}
    for name, (number, argument) in calls.items():
        assert attempt(f"found = libc.syscall({number}, {argument}, 0, 0, 0, 0)") == -1, name


def test_what_it_writes_stays_in_its_folder_and_is_gone_afterwards(attempt):
    place = attempt("open('mine', 'w').write('x'); found = os.getcwd()")

    assert attempt("found = open('mine').read()") == "x"
    pool.end_all()
    assert not Path(place, "mine").exists()
    refused(attempt, "open(sys.prefix + '/lib/mine', 'w')")
    refused(attempt, "os.mkdir('/mine')")


def test_python_its_packages_and_certificates_are_there(attempt):
    assert attempt("import pydantic, httpx, ssl, zoneinfo\nfound = pydantic.__name__") == "pydantic"
    assert attempt("import zoneinfo\nfound = str(zoneinfo.ZoneInfo('Europe/Berlin'))")
    assert attempt("import ssl\nfound = ssl.create_default_context().cert_store_stats()['x509_ca']")


def test_children_are_bounded(attempt, request):
    code = "import subprocess\nfound = subprocess.run('/bin/true').returncode"
    if "landlock" in request.node.name:
        refused(attempt, code)
    else:
        assert attempt(code) == 0


def test_where_nothing_holds_plugins_are_refused(configure, monkeypatch):
    configure(plugins_sandbox="auto")
    monkeypatch.setattr("workers.plugins.process.plan", _impossible)

    with pytest.raises(PluginFailed, match="cannot run plugins safely"):
        trying()("found = 1")


def _impossible(folder: str, _packages: str) -> dict:
    limits = {"memory_bytes": 2**30, "cpu_s": 9, "disk_bytes": 2**20, "processes": 9, "files": 99}
    return {"kind": "nothing", "folder": folder + "/absent", "readable": [], "limits": limits}


PLAIN_USER = """
import os
from tests.workers.plugins.test_jail import trying
attempt = trying()
print(attempt("found = [os.getuid(), os.getpid()]"))
for code in ("os.listdir('/proc')", "socket.create_connection(('127.0.0.1', 9), 1)"):
    try:
        attempt(code)
    except Exception as error:
        print("refused", error)
os._exit(0)
"""


def test_a_worker_that_is_not_root_makes_a_jail_as_good():
    as_user = ["unshare", "-U", "--map-user=1000", "--map-group=1000"]
    if os.geteuid() or subprocess.run([*as_user, "true"], check=False).returncode:
        as_user = []

    done = subprocess.run(
        [*as_user, sys.executable, "-c", PLAIN_USER],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PLUGINS_SANDBOX": "namespaces"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    first, *others = done.stdout.splitlines() or [done.stderr]
    assert first.endswith(", 1]"), done.stderr
    assert [line.split()[0] for line in others] == ["refused", "refused"]
