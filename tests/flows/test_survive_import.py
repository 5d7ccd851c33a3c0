"""Moving in from an Open WebUI, killed half-way: the next run brings what is missing, once."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from launch.migrate import migrate
from shared.config.settings import load
from tests.rules.source import ROOT
from tests.services.openwebui_database import OpenWebUIDatabase
from tests.services.openwebui_home import AT, BOB, furnished
from tests.services.process import Process
from tests.services.things import body_of, message
from tests.services.valkey import Valkey
from tests.services.waiting import wait_until

pytestmark = pytest.mark.flow
CHATS = 600


@pytest.fixture
def old(tmp_path: Path) -> OpenWebUIDatabase:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    old = furnished(OpenWebUIDatabase(f"sqlite:///{tmp_path}/webui.db"), uploads)
    body = body_of(message("q"), message("a", "q", "assistant"))
    old.add_all("chat", [{"id": f"c{n}", "user_id": BOB, "chat": body, **AT} for n in range(CHATS)])
    return old


@pytest.fixture
def run(old: OpenWebUIDatabase, tmp_path: Path, valkey: Valkey) -> Process:
    """The command, not started yet."""
    env = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": "", "REDIS_URL": valkey.url}
    migrate(load({"DATA_DIR": str(tmp_path)}))
    flask = Path(sys.executable).with_name("flask")
    command = [str(flask), "--app", "wsgi", "import-openwebui"]
    command += ["--database", old.url, "--uploads", str(tmp_path / "uploads")]
    return Process("import", command, env, tmp_path / "log", ROOT, lambda _: True)


def count(tmp_path: Path, table: str) -> int:
    with closing(sqlite3.connect(tmp_path / "switchyard.db", timeout=10)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 -- a name of our own


def finish(run: Process) -> str:
    run.launch()
    wait_until(lambda: run.exit_code is not None, 60, "the import to end")
    assert run.exit_code == 0, run.tail()
    return run.log.read_text()


def test_a_killed_import_is_simply_begun_again(run, tmp_path):
    run.launch()
    wait_until(lambda: count(tmp_path, "chat") > 20, 60, "the first chats to be here", 0.001)
    run.kill()
    before = count(tmp_path, "chat")

    told = finish(run)

    assert 0 < before < CHATS
    assert f"chats: {CHATS + 1 - before} brought, {before} here already" in told
    assert count(tmp_path, "chat") == CHATS + 1
    assert count(tmp_path, "chat_message") == 2 * CHATS + 3
    assert count(tmp_path, "job") == 2
    assert "chats: 0 brought" in finish(run)
    assert count(tmp_path, "chat_message") == 2 * CHATS + 3
