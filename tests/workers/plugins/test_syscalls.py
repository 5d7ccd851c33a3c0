"""The numbers of system calls are those of the headers of the kernel, for all machines."""

import re
from pathlib import Path

import pytest

from tests.services.require import missing
from workers.plugins.inside import seccomp, syscalls

# Of the package linux-libc-dev; where a machine has its header the numbers of that are compared.
HEADERS = {
    "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    "aarch64": "/usr/include/asm-generic/unistd.h",
}
DEFINED = re.compile(r"^#define (?:__NR3264_|__NR_)(\w+)\s+(\d+)$", re.MULTILINE)


def defined(machine):
    path = Path(HEADERS[machine])
    if not path.exists():
        missing(str(path), "install linux-libc-dev")
    return {name: int(number) for name, number in DEFINED.findall(path.read_text())}


@pytest.mark.parametrize("machine", HEADERS)
def test_the_numbers_are_those_of_the_kernel(machine):
    known, column = defined(machine), syscalls._COLUMNS[machine]
    listed = {name: numbers[column] for name, numbers in syscalls._NUMBERS.items()}
    # Newer than the headers of some systems.
    listed.pop("fchmodat2")

    assert {name: number for name, number in listed.items() if number >= 0} == {
        name: known[name] for name, number in listed.items() if number >= 0
    }
    assert [name for name, number in listed.items() if number < 0 and name in known] == []


@pytest.mark.parametrize("machine", HEADERS)
def test_every_machine_gets_a_filter_that_names_all_calls(machine, monkeypatch):
    monkeypatch.setattr(syscalls, "MACHINE", machine)
    for is_alone in (True, False):
        program = seccomp._program(is_alone, guards_truncation=False)

        assert program[-1] == (0x06, 0, 0, 0x7FFF0000)
        assert all(0 <= jump < 256 for _, good, bad, _ in program for jump in (good, bad))
        numbers = {value for code, _, _, value in program if code == 0x15}
        wanted = [*seccomp._FORBIDDEN.split(), *seccomp._UNKNOWN]
        assert {n for name in wanted if (n := syscalls.number(name)) >= 0} <= numbers
