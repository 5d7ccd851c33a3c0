"""What the processes of a plugin take together, where the kernel limits each of them only."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.services.plugging import plug
from tests.services.waiting import wait_until
from workers.plugins.base import PluginFailed
from workers.plugins.inside import watching
from workers.plugins.pool import pool

pytestmark = pytest.mark.usefixtures("plugins_end")

GREEDY = """
    import os, time

    class Tools:
        def fine(self):
            return os.getcwd()

        def fills(self):
            for number in range(20):
                with open(f"file{number}", "wb") as file:
                    file.write(b"x" * 10_000_000)
            time.sleep(60)

        def nests(self):
            for _ in range(3000):
                os.mkdir("d")
                os.chdir("d")
            time.sleep(60)

        def breeds(self, each: int, count: int):
            held = None
            for _ in range(count):
                if not os.fork():
                    held = b"x" * each
                    time.sleep(60)
                    os._exit(0)
            time.sleep(2 if each < 50_000_000 else 60)
            return "done"
"""


@pytest.fixture
def greedy():
    return plug(GREEDY)


def test_many_files_are_too_much_as_one_is(configure, greedy):
    configure(plugins_sandbox="landlock", plugins_disk_mb=64)

    with pytest.raises(PluginFailed, match="more memory or disk"):
        greedy.call("fills", {})
    assert greedy.call("fine", {})


def test_folders_that_are_nested_too_deep_are_removed_all_the_same(configure, greedy):
    configure(plugins_sandbox="landlock")
    folder = greedy.call("fine", {})

    with pytest.raises(PluginFailed, match=r"killed|ended"):
        greedy.call("nests", {})
    pool.end_all()

    assert folder.startswith(tempfile.gettempdir())
    wait_until(lambda: not Path(folder).exists(), 30, "the keeper to remove it")


def test_children_may_not_hold_more_together_than_one_alone(configure, greedy):
    configure(plugins_sandbox="namespaces", plugins_memory_mb=512)

    with pytest.raises(PluginFailed, match="more memory or disk"):
        greedy.call("breeds", {"each": 200_000_000, "count": 5})


def test_what_children_share_is_counted_once(configure, greedy):
    configure(plugins_sandbox="namespaces", plugins_memory_mb=300)

    assert greedy.call("breeds", {"each": 1000, "count": 10}) == "done"


def test_a_folder_is_looked_through_as_far_as_it_matters(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}").write_bytes(b"x" * 8192)
    (tmp_path / "link").symlink_to("/usr")

    assert 3 * 8192 <= watching.disk_bytes(str(tmp_path), 10**6) < 10**5
    assert watching.disk_bytes(str(tmp_path), 10) > 10
    assert watching.disk_bytes(str(tmp_path / "gone"), 10) == 0


def test_a_process_alone_is_not_looked_at():
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert watching.memory_bytes(2**22 + 1, proc, 1) == 0
    finally:
        os.close(proc)
