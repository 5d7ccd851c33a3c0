"""One start per data folder."""

import os
import subprocess
import sys

import pytest

from launch import lock


@pytest.fixture
def data_dir(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path


def test_the_lock_is_given_once(data_dir):
    held = lock.acquire(data_dir)

    assert held is not None
    assert lock.acquire(data_dir) is None
    assert lock.holder(data_dir) == str(os.getpid())
    os.close(held)


def test_the_lock_comes_back_with_the_end_of_its_holder(data_dir):
    code = "import sys, pathlib; from launch import lock; lock.acquire(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(data_dir)], check=True)

    held = lock.acquire(data_dir)

    assert held is not None
    os.close(held)


def test_whoever_inherits_the_lock_keeps_it_and_a_new_start_waits_for_the_end(
    data_dir, monkeypatch
):
    code = (
        "import os, sys, pathlib, subprocess; from launch import lock;"
        "fd = lock.acquire(pathlib.Path(sys.argv[1]));"
        "subprocess.Popen(['sleep', '0.5'], pass_fds=[fd])"
    )
    subprocess.run([sys.executable, "-c", code, str(data_dir)], check=True)
    looks = []
    monkeypatch.setattr(lock, "_try_lock", _noting(lock._try_lock, looks))

    held = lock.acquire(data_dir)

    assert held is not None
    assert looks[0] is False
    os.close(held)


def _noting(function, results):
    def call(*args):
        results.append(function(*args))
        return results[-1]

    return call
