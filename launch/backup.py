"""Backs an instance up into a folder, while it runs: `python -m launch.backup FOLDER`.

The database comes first: what is uploaded meanwhile lies in the copy of the files and is missed by
nobody; the other way round files would be missing. `launch/restore.py` reads the folder.
"""

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from shared.config.settings import Settings, get_settings, secret_key

SQLITE, POSTGRES, KEY = "switchyard.db", "postgresql.dump", "secret_key"
# Folders below DATA_DIR that nothing can make again. An admin's own models are left out for their
# size.
FOLDERS = ("uploads", "cache", "voices")


def main(argv: list[str]) -> None:
    """Read the command line, and back up."""
    parser = argparse.ArgumentParser(prog="python -m launch.backup", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to; made, or empty")
    backup(get_settings(), parser.parse_args(argv).folder)


def backup(settings: Settings, folder: Path) -> None:
    """Copy the database, the files and the secret key into a folder.

    Raises:
        SystemExit: The folder is in use, or something cannot be read; the message says what.
    """
    os.umask(0o077)  # the folder holds everything, the key included
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SystemExit(f"switchyard: {folder} is not empty: a backup needs a folder of its own.")
    folder.chmod(0o700)
    if settings.sqlalchemy_url.startswith("sqlite"):
        _copy_sqlite(sqlite_file(settings), folder / SQLITE)
    else:
        run_postgres(settings, "pg_dump", "--format=custom", "--file", str(folder / POSTGRES))
    for name in FOLDERS:
        if (settings.data_dir / name).is_dir():
            shutil.copytree(settings.data_dir / name, folder / name)
    (folder / KEY).write_text(secret_key(), "utf-8")
    print(f"The backup stands in {folder}: {', '.join(sorted(os.listdir(folder)))}.")
    if settings.storage_provider != "local":
        print(f"Uploads lie in the bucket {settings.s3_bucket_name}: back that up as well.")


def sqlite_file(settings: Settings) -> Path:
    """Give the file of a SQLite database."""
    return Path(settings.sqlalchemy_url.removeprefix("sqlite:///").partition("?")[0])


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database that may be in use, as it is at one moment."""
    if not source.exists():
        raise SystemExit(f"switchyard: there is no database {source}.")
    with closing(sqlite3.connect(source, timeout=60)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def run_postgres(settings: Settings, program: str, *options: str) -> None:
    """Run one of PostgreSQL's programs on the database of the settings.

    Raises:
        SystemExit: It is not installed, or has failed; it has said why.
    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415 -- SQLite needs none of it

    parts = conninfo_to_dict(settings.sqlalchemy_url.replace("+psycopg", "", 1))
    # The list of processes is for everybody to read.
    password = parts.pop("password", None)
    env = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    where = make_conninfo("", **parts)
    command = [program, "--no-owner", "--no-privileges", "--no-comments", *options]
    try:
        subprocess.run([*command, "--dbname", where], env=env, check=True)
    except FileNotFoundError:
        raise SystemExit(
            f"switchyard: {program} is missing. Install PostgreSQL's client programs of the"
            " server's version, or newer."
        ) from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"switchyard: {program} has failed ({error.returncode}).") from None


if __name__ == "__main__":
    main(sys.argv[1:])
