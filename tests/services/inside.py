"""Fixtures for tests that run the code in this process: each finds an empty, migrated world."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from launch.migrate import migrate
from shared import db
from shared.config.options import store
from shared.config.settings import Settings, get_settings, load
from shared.models import Base
from shared.redis import get_redis, key
from shared.services import models, quotas, webhooks
from tests.services.postgres import Postgres
from tests.services.valkey import Valkey

Configure = Callable[..., Settings]


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    migrate(load({"DATA_DIR": str(folder)}))
    return folder / "switchyard.db"


@pytest.fixture(scope="session")
def _migrated_postgres(postgres: Postgres) -> str:
    url = postgres.new_database()
    migrate(load({"DATABASE_URL": url}))
    return url


@pytest.fixture
def world(valkey: Valkey, _migrated_file: Path, tmp_path: Path) -> Iterator[None]:
    """An empty SQLite database and an empty Valkey, and a process that remembers nothing."""
    path = tmp_path / "switchyard.db"
    shutil.copy(_migrated_file, path)
    get_redis().flushdb()
    _use_database(f"sqlite:///{path}")
    forget_what_is_remembered()
    yield
    _leave_database()


@pytest.fixture(params=["sqlite", "postgres"])
def each_database(request: pytest.FixtureRequest, world: None) -> str:
    """The same world, once on each kind of database; gives the kind's name."""
    if request.param == "postgres":
        request.getfixturevalue("on_postgres")
    return str(request.param)


@pytest.fixture
def on_postgres(world: None, _migrated_postgres: str) -> Iterator[None]:
    """The same world on PostgreSQL."""
    _leave_database()
    _use_database(_migrated_postgres)
    tables = reversed(Base.metadata.sorted_tables)
    with db.transaction() as session:  # one message to the server, not one for each table
        words = "; ".join(str(table.delete()) for table in tables)
        session.connection().exec_driver_sql(words)
    yield
    _leave_database()


@pytest.fixture
def mortal_valkey(world: None, valkey: Valkey) -> Iterator[Valkey]:
    """The session's Valkey, for tests that kill it; afterwards it is there again."""
    yield valkey
    if not valkey.process.is_running:
        valkey.restart()


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Give this process other settings for the time of a test: `configure(job_lease_s=1)`."""

    def change(**values: Any) -> Settings:
        for name, value in values.items():
            monkeypatch.setenv(name.upper(), str(value))
        get_settings.cache_clear()
        store._options = None
        return get_settings()

    yield change
    monkeypatch.undo()
    get_settings.cache_clear()
    store._options = None


def forget_what_is_remembered() -> None:
    """Empty this process's own copies of what stands in the database and in Redis."""
    store._options = None
    models._offer.__init__()  # type: ignore[misc]  # as new
    models._catalogue.__init__()  # type: ignore[misc]  # as new
    quotas.forget()
    webhooks.forget()


def sent(queue: str = "interactive") -> list[str]:
    """List the jobs of which the broker was told and that nobody has taken, oldest first."""
    waiting = get_redis().lrange(key("broker", queue), 0, -1)
    return [json.loads(message)["headers"]["id"] for message in reversed(waiting)]


def _use_database(url: str) -> None:
    settings = load({"DATABASE_URL": url})
    db.bind(create_engine(settings.sqlalchemy_url, **db.engine_options(settings)))


def _leave_database() -> None:
    db.get_engine().dispose()
    db.forget_engine()
