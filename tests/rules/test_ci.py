"""What CI makes of a run of tests: a run without a good test is a failed one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.source import ROOT

# What `.ci/run` would install where it is missing.
_PROGRAMS = ("chromium", "slapd", "pgbouncer", "redis-server", "nginx", "npm", "useradd")
_MAKE = """
case "$*" in
*test) cd "{folder}" && exec "{python}" -m pytest -p xdist.plugin -n 1 --dist loadfile ;;
esac
"""
_GOOD, _BAD = "def test_good(): pass\n", "def test_bad(): assert False\n"
_SKIPPED = "import pytest\n\ndef test_skipped(): pytest.skip()\n"


def ci(tmp_path: Path, tests: str) -> subprocess.CompletedProcess[str]:
    """Run CI where `make test` runs these tests, and everything else goes well."""
    folder, programs = tmp_path / "tests", tmp_path / "programs"
    folder.mkdir()
    programs.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(tests)
    make = _MAKE.format(folder=folder, python=sys.executable)
    others = {"make": make, "apt-get": "exit 1"}  # nothing is ever installed from here
    for name, words in {**dict.fromkeys(_PROGRAMS, ""), **others}.items():
        (programs / name).write_text(f"#!/bin/sh\n{words}")
        (programs / name).chmod(0o755)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the others take seconds to load
    env["PATH"] = f"{programs}{os.pathsep}{env['PATH']}"
    return subprocess.run(
        ["bash", ROOT / ".ci/run"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_ci_is_content_with_good_tests_and_skipped_ones(tmp_path):
    done = ci(tmp_path, _GOOD + _SKIPPED)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("tests", ["", _GOOD + _BAD], ids=["none", "bad"])
def test_ci_fails(tmp_path, tests):
    done = ci(tmp_path, tests)

    assert done.returncode != 0, done.stdout


def test_ci_fails_when_every_test_was_skipped(tmp_path):
    done = ci(tmp_path, _SKIPPED)

    assert done.returncode != 0
    assert "no test ran" in done.stdout
