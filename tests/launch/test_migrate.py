"""Bringing a database to the newest schema before anything starts."""

import sqlite3
import time
from contextlib import closing

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from launch import migrate
from shared import revisions
from shared.config.settings import load


@pytest.fixture
def settings(tmp_path):
    return load({"DATA_DIR": str(tmp_path)})


def _tables(settings):
    with closing(sqlite3.connect(settings.data_dir / "switchyard.db")) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


@pytest.fixture(params=["sqlite", "postgres"])
def migrated(request, tmp_path):
    """Alembic's configuration for a database of each kind that has the newest schema."""
    named = {"DATA_DIR": str(tmp_path)}
    if request.param == "postgres":
        named["DATABASE_URL"] = request.getfixturevalue("postgres").new_database()
    settings = load(named)
    migrate.migrate(settings)
    config = Config()
    config.set_main_option("script_location", str(revisions.SCRIPTS))
    config.set_main_option("sqlalchemy.url", settings.sqlalchemy_url.replace("%", "%%"))
    return config


def test_models_and_migrations_agree(migrated):
    migrated.attributes["only_compare"] = True  # see migrations/env.py

    command.check(migrated)


def test_every_migration_can_be_taken_back_and_made_again(migrated):
    command.downgrade(migrated, "base")
    command.upgrade(migrated, "head")


def test_an_empty_database_gets_all_tables_and_the_second_time_there_is_nothing_to_do(settings):
    assert migrate.migrate(settings) is True
    assert {"alembic_version", "job", "user"} <= _tables(settings)

    assert migrate.migrate(settings) is False


def test_readers_do_not_keep_writers_from_a_database_that_was_just_made(settings):
    migrate.migrate(settings)
    path = settings.data_dir / "switchyard.db"

    with closing(sqlite3.connect(path)) as reader, closing(sqlite3.connect(path)) as writer:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM alembic_version").fetchall()
        writer.execute("PRAGMA busy_timeout=0")
        writer.execute("CREATE TABLE written (a)")
        writer.commit()

    assert "written" in _tables(settings)


def test_looking_takes_no_time_when_the_schema_is_the_newest(settings):
    migrate.migrate(settings)
    begun = time.process_time()

    migrate.migrate(settings)

    assert time.process_time() - begun < 0.05


def test_the_newest_revisions_are_those_that_alembic_finds():
    scripts = ScriptDirectory(str(revisions.SCRIPTS))

    known, heads = revisions.read()

    assert heads == set(scripts.get_heads())
    assert known == {script.revision for script in scripts.walk_revisions()}


@pytest.mark.parametrize(
    ("parents", "heads"),
    [('"a"', {"b"}), ("None", {"a", "b"}), ('("a", "c")', {"b"})],
)
def test_a_revision_with_a_child_is_not_the_newest(tmp_path, parents, heads):
    (tmp_path / "a.py").write_text('revision: str = "a"\ndown_revision: str | None = None\n')
    (tmp_path / "b.py").write_text(f'revision = "b"\ndown_revision = {parents}\n')

    assert revisions.read(tmp_path) == ({"a", "b"}, heads)


def test_a_database_of_a_newer_version_is_not_touched(settings):
    migrate.migrate(settings)
    with closing(sqlite3.connect(settings.data_dir / "switchyard.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    with pytest.raises(SystemExit, match="newer version"):
        migrate.migrate(settings)


def test_a_file_that_is_no_database_is_named(settings):
    (settings.data_dir / "switchyard.db").write_text("not a database, but long enough" * 100)

    with pytest.raises(SystemExit, match="not a database"):
        migrate.migrate(settings)


def test_a_database_server_that_is_away_is_named(tmp_path):
    settings = load({"DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://u@127.0.0.1:1/x"})

    with pytest.raises(SystemExit, match="DATABASE_URL does not answer"):
        migrate.migrate(settings)


def test_postgres_is_migrated_once(postgres):
    settings = load({"DATABASE_URL": postgres.new_database()})

    assert migrate.migrate(settings) is True
    assert migrate.migrate(settings) is False


def test_a_process_tells_the_log_that_the_database_was_not_prepared(settings, caplog):
    migrate.warn(settings)

    assert caplog.messages == [
        "the database lacks tables of this version: run `python -m launch.migrate`"
    ]


def test_a_process_has_nothing_to_tell_of_a_prepared_database(settings, caplog):
    migrate.migrate(settings)

    migrate.warn(settings)

    assert caplog.messages == []


def test_a_process_goes_on_with_a_database_of_a_newer_version_or_none(settings, caplog):
    migrate.migrate(settings)
    with closing(sqlite3.connect(settings.data_dir / "switchyard.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'of_tomorrow'")
        connection.commit()
    nowhere = settings.model_copy(update={"database_url": "postgresql://a@127.0.0.1:1/b"})

    migrate.warn(settings)
    migrate.warn(nowhere)

    newer, away = caplog.messages
    assert newer.startswith("the database was written by a newer version (revision of_tomorrow)")
    assert away.startswith("the database of DATABASE_URL does not answer: ")
