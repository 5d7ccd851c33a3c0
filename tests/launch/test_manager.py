"""The manager with small services: restarts, output, and that nothing is ever left over."""

import json
import os
import signal
import sys
import time

import psutil
import pytest

from tests.launch.conftest import command_line
from tests.services.waiting import wait_until

TWO = "a: sh -c 'echo up; exec sleep 601'\nb: sh -c 'echo up; exec sleep 602'\n"
VALKEY = "valkey: sh -c 'echo noise; echo Ready to accept connections; exec sleep 600'\n"
# Notes the order in which services end.
NOTING = "{0}: sh -c 'trap \"echo {0} >>{1}; exit\" TERM; echo up; while :; do sleep 0.05; done'\n"


@pytest.fixture
def manage(tmp_path, start_marked):
    """Start a manager on a Procfile and wait until its services have spoken."""

    def start(text, grace_s=5.0, watched=(), ready=None, form="plain"):
        procfile, lock = tmp_path / "Procfile", tmp_path / "lock"
        procfile.write_text(text)
        command = [sys.executable, "-m", "launch.manager", str(procfile), str(grace_s), "9", form]
        shell = ["sh", "-c", 'exec 9>>"$0"; exec "$@"', str(lock), *command, *map(str, watched)]
        lines = text.count("\n") - text.count("valkey:") if ready is None else 0
        return start_marked(
            shell,
            lambda p: ready in p.output() if ready else p.output().count(" | up\n") == lines,
        )

    return start


def test_every_process_runs_in_a_group_of_its_own(manage):
    manager = manage(TWO)

    pids = [manager.pid_of("sleep 601"), manager.pid_of("sleep 602")]

    assert [os.getpgid(pid) for pid in pids] == pids


def test_a_killed_service_is_back_at_once_and_a_line_says_so(manage):
    manager = manage(TWO)
    old = manager.pid_of("sleep 601")

    os.kill(old, signal.SIGKILL)
    wait_until(lambda: manager.output().count("a      | up\n") == 2, 15, "the service to be back")

    assert manager.pid_of("sleep 601") != old
    assert "next try" not in manager.output()
    assert "launch | a was ended by signal 9; starting it again\n" in manager.output()


def test_what_a_killed_service_leaves_behind_is_ended_before_it_starts_again(manage):
    manager = manage("a: sh -c 'sleep 603 & echo up; exec sleep 601'\n")
    orphan = manager.pid_of("sleep 603")

    os.kill(manager.pid_of("sleep 601"), signal.SIGKILL)
    wait_until(lambda: manager.output().count(" | up\n") == 2, 5, "the service to be back")

    assert manager.pid_of("sleep 603") != orphan


def test_a_service_that_cannot_start_waits_longer_each_time_and_stops_nobody_else(manage):
    manager = manage("a: sh -c 'exit 3'\n" + TWO.splitlines()[1] + "\n", ready=" | up")

    manager.wait_for("a cannot stay up: it ended with status 3 soon after its start, 3 times")

    assert "a ended with status 3; starting it again\n" in manager.output()
    assert "2 times in a row; next try in 0.5 s\n" in manager.output()
    assert "3 times in a row; next try in 1 s\n" in manager.output()
    assert manager.pid_of("sleep 602")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(manage, number):
    manager = manage(VALKEY + TWO)

    os.kill(manager.pid, number)
    manager.wait_until_nothing_is_left()

    assert manager.exit_code == 0
    assert "starting it again" not in manager.output()


def test_a_ctrl_c_to_the_whole_group_ends_everything(manage):
    manager = manage(TWO)

    os.killpg(manager.pid, signal.SIGINT)

    manager.wait_until_nothing_is_left()


def test_the_others_end_first_and_valkey_last(manage, tmp_path):
    order = tmp_path / "order"
    ready = VALKEY.replace("exec sleep 600", f'trap "echo valkey >>{order}; exit" TERM; sleep 1')
    ready = ready.replace("; sleep 1'", "; while :; do sleep 0.05; done'")
    manager = manage(ready + NOTING.format("a", order) + NOTING.format("b", order))

    os.kill(manager.pid, signal.SIGTERM)
    manager.wait_until_nothing_is_left()

    assert sorted(order.read_text().split()[:2]) == ["a", "b"]
    assert order.read_text().split()[2:] == ["valkey"]


def test_who_does_not_end_in_time_is_killed(manage):
    deaf = "a: sh -c 'trap \"\" TERM; echo up; while :; do sleep 0.05; done'\n"
    manager = manage(deaf, grace_s=0.5)

    os.kill(manager.pid, signal.SIGTERM)
    manager.wait_until_nothing_is_left()

    assert "launch | a has not ended in time: killed\n" in manager.output()


@pytest.mark.parametrize("whom", ["manager", "group"])
def test_a_killed_manager_leaves_nothing(manage, tmp_path, whom):
    order = tmp_path / "order"
    manager = manage(VALKEY + TWO + NOTING.format("c", order))

    kill = os.kill if whom == "manager" else os.killpg
    kill(manager.pid, signal.SIGKILL)
    manager.wait_until_nothing_is_left()

    assert order.read_text() == "c\n"  # even then it was asked before it was killed


def test_a_killed_guard_is_replaced_and_the_new_one_knows_everybody(manage):
    manager = manage(TWO)
    (first,) = _guards(manager)

    first.kill()
    wait_until(lambda: _guards(manager) not in ([], [first]), 5, "a new guard")
    os.kill(manager.pid, signal.SIGKILL)

    manager.wait_until_nothing_is_left()


def test_the_others_wait_until_valkey_is_ready_and_its_start_is_quiet(manage, tmp_path):
    gate = tmp_path / "gate"
    slow = f"valkey: sh -c 'echo noise; while [ ! -e {gate} ]; do sleep 0.05; done; "
    slow += "echo Ready to accept connections; echo saving; exec sleep 600'\n"
    manager = manage(slow + TWO, ready="")
    manager.pid_of("echo noise")

    assert "up" not in manager.output()

    gate.touch()
    manager.wait_for("b      | up")
    manager.wait_for("valkey | saving")

    assert "noise" not in manager.output()


def test_a_valkey_that_cannot_start_says_why(manage):
    manager = manage("valkey: sh -c 'echo disk is full; exit 1'\n" + TWO, ready="disk is full")

    manager.wait_for("valkey cannot stay up")

    assert "valkey | disk is full\n" in manager.output()
    assert " | up" not in manager.output()


def test_changed_code_restarts_the_services_but_not_valkey(manage, tmp_path):
    (tmp_path / "code").mkdir()
    manager = manage(VALKEY + TWO, watched=[tmp_path / "code"])
    valkey = manager.pid_of("sleep 600")

    (tmp_path / "code" / "new.py").write_text("x = 1\n")
    wait_until(lambda: manager.output().count(" | up\n") == 4, 10, "both services to start anew")

    assert manager.pid_of("sleep 600") == valkey
    assert "launch | a starts anew\n" in manager.output()
    assert "code/new.py has changed\n" in manager.output()


def test_changed_code_starts_at_once_what_was_waiting_for_another_try(manage, tmp_path):
    (tmp_path / "code").mkdir()
    source = tmp_path / "code" / "a.py"
    source.write_text("exit(3)")
    text = f"a: {sys.executable} {source}\n"
    manager = manage(text, watched=[tmp_path / "code"], ready="next try in 4 s")

    source.write_text("print('up', flush=True); import time; time.sleep(60)")
    begun = time.monotonic()
    manager.wait_for("a      | up\n")

    assert time.monotonic() - begun < 3


def test_with_json_every_line_is_an_object(manage):
    text = "a: sh -c 'echo words; echo; echo {\\\"x\\\":1}; exec sleep 601'\n"
    manager = manage(text, ready='{"x":1}', form="json")

    os.kill(manager.pid, signal.SIGTERM)
    manager.wait_until_nothing_is_left()

    lines = [json.loads(line) for line in manager.output().splitlines()]
    assert lines[1] == {"x": 1}
    told = [(line["process"], line["message"]) for line in (lines[0], *lines[2:])]
    assert told == [("a", "words"), ("launch", "ending ..."), ("launch", "everything has ended")]


def test_valkey_that_starts_again_is_told_in_one_line(manage):
    manager = manage(VALKEY + TWO)

    os.kill(manager.pid_of("sleep 600"), signal.SIGKILL)
    manager.wait_for("valkey was ended by signal 9; starting it again")
    manager.pid_of("sleep 600")

    assert "noise" not in manager.output()


def test_the_folder_stays_locked_as_long_as_valkey_lives(manage):
    manager = manage(VALKEY + TWO)

    held = {fd.path for fd in psutil.Process(manager.pid_of("sleep 600")).open_files()}
    others = {fd.path for fd in psutil.Process(manager.pid_of("sleep 601")).open_files()}

    assert any(path.endswith("/lock") for path in held)
    assert not any(path.endswith("/lock") for path in others)


def _guards(manager):
    everybody = [p for p in manager.everybody() if "launch.manager" in command_line(p)]
    return [p for p in everybody if p.pid != manager.pid]
