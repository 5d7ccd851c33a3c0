"""Brings a backup back, before anything is started: `python -m launch.restore FOLDER`."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from launch import migrate
from launch.backup import FOLDERS, KEY, POSTGRES, SQLITE, run_postgres, sqlite_file
from shared.config.settings import Settings, get_settings


def main(argv: list[str]) -> None:
    """Read the command line, and restore."""
    parser = argparse.ArgumentParser(prog="python -m launch.restore", description=__doc__)
    parser.add_argument("folder", type=Path, help="what launch.backup has made")
    restore(get_settings(), parser.parse_args(argv).folder)


def restore(settings: Settings, folder: Path) -> None:
    """Copy a backup into an empty database and an empty DATA_DIR, and bring it to this version.

    Raises:
        SystemExit: Something is there already, or the backup does not fit; nothing was changed.
    """
    os.umask(0o077)  # what is written belongs to the operator only
    is_sqlite = settings.sqlalchemy_url.startswith("sqlite")
    _check(settings, folder, SQLITE if is_sqlite else POSTGRES)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if is_sqlite:
        shutil.copy(folder / SQLITE, sqlite_file(settings))
    else:
        # Nothing is kept of what fails half-way.
        options = ("--single-transaction", "--exit-on-error", str(folder / POSTGRES))
        run_postgres(settings, "pg_restore", *options)
    for name in FOLDERS:
        if (folder / name).is_dir():
            shutil.copytree(folder / name, settings.data_dir / name, dirs_exist_ok=True)
    if not settings.webui_secret_key:
        shutil.copy(folder / KEY, settings.data_dir / KEY)
    migrate.migrate(settings)
    print(f"{folder} is restored. Start the processes; jobs that were under way are done anew.")


def _check(settings: Settings, folder: Path, dump: str) -> None:
    if not (folder / dump).is_file():
        raise SystemExit(
            f"switchyard: there is no {dump} in {folder}: it is no backup, or one of the other kind"
            " of database."
        )
    if migrate.is_prepared(settings):
        raise SystemExit("switchyard: the database of DATABASE_URL is not empty.")
    full = [n for n in FOLDERS if any((settings.data_dir / n).glob("*"))]
    if full:
        raise SystemExit(f"switchyard: {settings.data_dir / full[0]} is not empty.")
    key = (folder / KEY).read_text("utf-8")
    if settings.webui_secret_key and settings.webui_secret_key != key:
        raise SystemExit(
            f"switchyard: WEBUI_SECRET_KEY is not the one of the backup ({folder / KEY}): saved"
            " keys could not be read. Set that one, or none."
        )
    kept = settings.data_dir / KEY
    if not settings.webui_secret_key and kept.exists() and kept.read_text("utf-8").strip() != key:
        raise SystemExit(f"switchyard: {kept} is another key than that of the backup.")


if __name__ == "__main__":
    main(sys.argv[1:])
