"""Celery's processes as any process manager starts them: on an empty folder, with JSON logs."""

import json
import sys

import pytest

CELERY = [sys.executable, "-m", "launch.celery"]
WORKERS = {
    "inference": ["-Q", "interactive,default,batch", "-P", "gevent"],
    "compute": ["-Q", "compute", "-P", "prefork"],
    "quick": ["-Q", "quick", "-P", "single"],
}


@pytest.fixture
def environment(tmp_path, valkey):
    """Settings of a machine on which nothing was ever started."""
    return {
        "DATA_DIR": str(tmp_path / "data"),
        "REDIS_URL": valkey.url,
        "REDIS_PREFIX": tmp_path.name,
        "DATABASE_URL": "",
        "LOG_FORMAT": "json",
    }


def _lines(process):
    return [json.loads(line) for line in process.output().splitlines()]


def test_beat_makes_the_folder_of_its_schedule(start_marked, environment, tmp_path):
    beat = start_marked([*CELERY, "beat"], lambda p: "what is due" in p.output(), environment)

    assert beat.stop() == 0

    assert (tmp_path / "data" / "run").is_dir()
    assert {line["process"] for line in _lines(beat)} == {"beat"}


@pytest.mark.parametrize("name", WORKERS)
def test_all_that_a_worker_says_from_start_to_end_are_json_lines(start_marked, environment, name):
    command = [*CELERY, "worker", "-n", f"{name}@test", *WORKERS[name]]
    worker = start_marked(command, lambda p: " ready." in p.output(), environment)

    assert worker.stop() == 0

    lines = _lines(worker)
    assert {line["process"] for line in lines} == {name}
    assert "asked to end" in lines[-1]["message"]


def test_a_worker_says_that_the_database_was_not_prepared(start_marked, environment):
    command = [*CELERY, "worker", "-n", "inference@test", *WORKERS["inference"]]
    worker = start_marked(command, lambda p: " ready." in p.output(), environment)

    first = _lines(worker)[0]

    assert first["level"] == "ERROR"
    assert "run `python -m launch.migrate`" in first["message"]


def test_what_a_worker_writes_belongs_to_the_operator_only(start_marked, environment, tmp_path):
    environment["LOG_FILE"] = "1"
    beat = start_marked([*CELERY, "beat"], lambda p: "what is due" in p.output(), environment)

    beat.stop()

    written = [path for path in (tmp_path / "data").rglob("*") if path.exists()]
    assert (tmp_path / "data" / "logs" / "beat.log") in written
    assert not [path for path in written if path.stat().st_mode & 0o077]
