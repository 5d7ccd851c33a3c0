"""A nice value counts beside other sessions too."""

import subprocess
import sys
from pathlib import Path

import pytest

SESSION = Path("/proc/self/autogroup")
PROGRAM = """
from pathlib import Path
from launch.politeness import be_as_nice_as_started
be_as_nice_as_started()
print(Path("/proc/self/autogroup").read_text().split()[-1])
"""


def shares_by_sessions():
    """Whether this kernel does; some have the file, but nothing in it."""
    return SESSION.exists() and bool(SESSION.read_text().split())


@pytest.mark.skipif(not shares_by_sessions(), reason="this kernel shares by processes only")
@pytest.mark.parametrize(("nice", "is_own"), [(7, True), (0, True), (7, False)])
def test_a_session_of_its_own_is_as_nice_as_its_process(nice, is_own):
    command = ["nice", "-n", str(nice), sys.executable, "-c", PROGRAM]
    ours = SESSION.read_text().split()[-1]

    done = subprocess.run(
        command, capture_output=True, text=True, check=True, start_new_session=is_own
    )

    assert done.stdout.strip() == (str(nice) if is_own else ours)
