"""Providers in a process patched by gevent, as the inference worker is."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[3]


def story(name: str) -> Any:
    command = [sys.executable, "-m", "tests.workers.providers.under_gevent", name]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


def test_answers_are_whole_whatever_the_servers_habit():
    assert story("habits") == []


def test_three_hundred_answers_are_read_at_once():
    seen = story("many")

    assert seen["whole"] == 300
    assert seen["peak"] > 100
    assert seen["seconds"] < 30


def test_an_abort_reaches_reader_and_server_at_once_at_every_stage():
    seen = story("aborts")

    assert seen["errors"] == ["Aborted"]
    assert median(seen["reader_ms"]) < 100
    assert median(seen["server_ms"]) < 200
    assert seen["server_ms"][-1] < 5000


def test_connecting_can_be_aborted_and_has_a_deadline():
    seen = story("connecting")

    assert (seen["error"], seen["seconds"] < 3) == ("Aborted", True)
    assert "did not let us connect in time" in seen["late"]


def test_every_deadline_holds():
    assert story("deadlines") == ["Unavailable"] * 5


def test_a_flood_lets_others_run():
    seen = story("fairness")

    assert seen["longest_gap"] < 3
    assert seen["events"] > 1000


def test_a_killed_reader_closes_its_connection():
    assert story("killed") == {"aborted": 1}


def test_tls_is_read_and_can_be_aborted():
    seen = story("tls")

    assert (seen["text"], seen["error"], seen["closed"]) == ("secret", "Aborted", True)
    assert seen["seconds"] < 5
