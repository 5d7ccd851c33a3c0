"""What `launch.backup` and `launch.restore` refuse, and what they say."""

import os
from pathlib import Path

import pytest

from launch import migrate
from launch.backup import backup, run_postgres
from launch.restore import restore
from shared.config.settings import Settings, load, secret_key


@pytest.fixture(autouse=True)
def _umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def running(tmp_path: Path) -> Settings:
    """An instance with a file and a database."""
    settings = load({"DATA_DIR": str(tmp_path / "data")})
    migrate.migrate(settings)
    (settings.data_dir / "uploads").mkdir()
    (settings.data_dir / "uploads" / "one").write_bytes(b"kept")
    return settings


@pytest.fixture
def made(running: Settings, tmp_path: Path) -> Path:
    """A backup of it."""
    backup(running, tmp_path / "backup")
    return tmp_path / "backup"


def elsewhere(tmp_path: Path, **more: str) -> Settings:
    return load({"DATA_DIR": str(tmp_path / "new"), **more})


def test_everything_comes_back(made: Path, tmp_path: Path):
    settings = elsewhere(tmp_path)

    restore(settings, made)

    assert migrate.is_prepared(settings)
    assert (settings.data_dir / "uploads" / "one").read_bytes() == b"kept"
    assert (settings.data_dir / "secret_key").read_text() == secret_key()


def test_a_backup_is_for_its_owner_only(made: Path):
    written = [made, made / "switchyard.db", made / "secret_key"]

    assert not [path for path in written if path.stat().st_mode & 0o077]


def test_a_folder_in_use_is_no_place_for_a_backup(running: Settings, made: Path):
    with pytest.raises(SystemExit, match="is not empty"):
        backup(running, made)


def test_what_lies_in_a_bucket_is_named(running: Settings, tmp_path: Path, capsys):
    settings = running.model_copy(update={"storage_provider": "s3", "s3_bucket_name": "ours"})

    backup(settings, tmp_path / "backup")

    assert "Uploads lie in the bucket ours" in capsys.readouterr().out


def test_nothing_that_is_there_is_overwritten(running: Settings, made: Path):
    with pytest.raises(SystemExit, match="the database of DATABASE_URL is not empty"):
        restore(running, made)


def test_files_that_are_there_are_not_mixed_with_those_of_the_backup(made: Path, tmp_path: Path):
    settings = elsewhere(tmp_path)
    (settings.data_dir / "uploads").mkdir(parents=True)
    (settings.data_dir / "uploads" / "other").write_bytes(b"")

    with pytest.raises(SystemExit, match="uploads is not empty"):
        restore(settings, made)


def test_another_key_is_refused_because_nothing_could_be_read(made: Path, tmp_path: Path):
    settings = elsewhere(tmp_path, WEBUI_SECRET_KEY="another key")

    with pytest.raises(SystemExit, match="WEBUI_SECRET_KEY is not the one"):
        restore(settings, made)


def test_a_folder_without_a_backup_is_refused(tmp_path: Path):
    with pytest.raises(SystemExit, match=r"there is no switchyard\.db"):
        restore(elsewhere(tmp_path), tmp_path)


def test_programs_that_are_missing_are_named(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = elsewhere(tmp_path, DATABASE_URL="postgresql://user:secret@host/name")

    with pytest.raises(SystemExit, match="pg_dump is missing"):
        run_postgres(settings, "pg_dump")


def test_the_password_is_not_shown_to_everybody(tmp_path: Path, monkeypatch):
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\nprintf "%s|%s" "$PGPASSWORD" "$*" >"$0.said"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    settings = elsewhere(tmp_path, DATABASE_URL="postgresql://user:se%2Fcret@host/name")

    run_postgres(settings, "pg_dump")

    password, _, words = (tmp_path / "pg_dump.said").read_text().partition("|")
    assert password == "se/cret"
    assert "host=host" in words
    assert "cret" not in words
