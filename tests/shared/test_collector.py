"""What a process does about its memory, seen from outside."""

import subprocess
import sys

from tests.rules.source import ROOT
from tests.services.waiting import wait_until

# Leaves 40 MB free between pieces that stay.
PROGRAM = """
import sys
from shared.collector import keep_trimmed

pieces = [bytes(2000) for _ in range(40_000)]
kept = pieces[::400]
del pieces
keep_trimmed()
print("free", flush=True)
sys.stdin.read()
"""


def resident_kb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def test_what_a_burst_leaves_free_goes_back_to_the_system():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        before = resident_kb(process.pid)
        wait_until(lambda: resident_kb(process.pid) < before - 40_000, 10, "memory given back")
        process.stdin.close()
