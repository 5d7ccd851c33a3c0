"""A backup that is made while everything runs becomes an instance that answers."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.openai_server import answer_for
from tests.services.client import api, signup
from tests.services.postgres import Postgres
from tests.services.stack import Stack, run_module
from tests.services.waiting import wait_until


@pytest.fixture
def settings(postgres: Postgres) -> dict[str, str]:
    """The secret key is one of the instance's own, and PostgreSQL's programs are installed."""
    folders = (Path(sys.executable).parent, postgres.programs, os.environ["PATH"])
    return {"WEBUI_SECRET_KEY": "", "PATH": os.pathsep.join(map(str, folders))}


@pytest.fixture
def second_database(database: str, postgres: Postgres) -> str:
    return postgres.new_database() if database else ""


def test_a_restored_instance_knows_everybody_and_answers(
    new_stack: Any, settings: dict[str, str], database: str, second_database: str, tmp_path: Path
):
    first: Stack = new_stack(database_url=database, env=settings)
    alice = signup(first.base, "Alice")
    done = alice.follow(alice.ask("before tokens=5"))
    form = {"file": ("kept.txt", b"what was uploaded")}
    file = alice.api("POST", "/api/v1/files/?process=false", files=form).json()
    running = alice.ask("in the middle delay=50 tokens=60")
    wait_until(lambda: alice.job(running)["status"] == "running", 20, "an answer to be under way")

    said = run_module(first.env, "launch.backup", str(tmp_path / "backup"))
    for process in first.processes:
        process.kill()
    second: Stack = new_stack(
        database_url=second_database, env=settings, backup=tmp_path / "backup"
    )

    assert "The backup stands in" in said
    there = alice.at(second.base)
    assert there.job(done.job)["result"]["text"] == done.text
    content = there.api("GET", f"/api/v1/files/{file['id']}/content")
    assert content.content == b"what was uploaded"
    form = {"email": alice.email, "password": alice.password}
    assert api("POST", f"{second.base}/api/v1/auths/signin", form).status_code == 200
    assert there.follow(there.ask("after tokens=5")).text == answer_for("after tokens=5")
    resumed = there.follow(running)
    assert resumed.end == "completed", resumed.events[-1]
    assert resumed.text == answer_for("in the middle delay=50 tokens=60")
