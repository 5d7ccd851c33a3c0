"""What processes use: CPU seconds and memory, out of /proc, and whether others used the machine.

Source: proc(5), /proc/PID/stat, /proc/PID/smaps_rollup, /proc/stat.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
# Others may use this much of one core before a run counts as noisy.
NOISE_CORES = 0.15


def stat(pid: int) -> tuple[int, float]:
    """Give a process's parent and the CPU seconds it has used; zeros when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0, 0.0
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICKS


def tree(root: int) -> list[int]:
    """Give a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            children.setdefault(stat(int(name))[0], []).append(int(name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def command(pid: int) -> str:
    """Give a process's command line; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def rss_mb(pid: int) -> float:
    """Give the resident memory of one process."""
    return _kilobytes(f"/proc/{pid}/status", "VmRSS:") / 1024


def pss_mb(pids: Iterable[int]) -> float:
    """Give the memory of processes; what they share is counted once."""
    return sum(_kilobytes(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in pids) / 1024


def _kilobytes(path: str, name: str) -> int:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


@dataclass(frozen=True)
class Reading:
    """What was used up to a moment.

    Attributes:
        at_ns: The moment, monotonic.
        server_s: CPU seconds by name of process.
        tools_s: CPU seconds of the load client, the fake provider and the bench.
        busy_s: CPU seconds of the whole machine.
    """

    at_ns: int
    server_s: dict[str, float]
    tools_s: float
    busy_s: float

    def since(self, before: "Reading") -> "Usage":
        """Tell what was used between two readings."""
        names = self.server_s.keys() | before.server_s.keys()
        server = {n: self.server_s.get(n, 0) - before.server_s.get(n, 0) for n in names}
        seconds = (self.at_ns - before.at_ns) / 1e9
        tools = self.tools_s - before.tools_s
        foreign = self.busy_s - before.busy_s - tools - sum(server.values())
        return Usage(seconds, server, tools, max(0.0, foreign / seconds))


@dataclass(frozen=True)
class Usage:
    """What was used in a while.

    Attributes:
        foreign_cores: What others used of the machine, in cores.
    """

    seconds: float
    server_s: dict[str, float]
    tools_s: float
    foreign_cores: float

    @property
    def total_s(self) -> float:
        return sum(self.server_s.values())

    @property
    def is_noisy(self) -> bool:
        return self.foreign_cores > NOISE_CORES


def read(server: dict[int, str], tools: Iterable[int]) -> Reading:
    """Take a reading.

    Args:
        server: Process id → name.
        tools: Process ids.
    """
    used: dict[str, float] = {}
    for pid, name in server.items():
        used[name] = used.get(name, 0.0) + stat(pid)[1]
    return Reading(time.monotonic_ns(), used, sum(stat(pid)[1] for pid in tools), _busy_s())


def _busy_s() -> float:
    with open("/proc/stat") as file:
        user, nice, system, _idle, _wait, irq, soft, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + soft + steal) / _TICKS
