"""Brings the database to the newest schema; quick when it is there already.

Run alone as `python -m launch.migrate` (`make db`).
"""

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from launch import options
from shared import revisions
from shared.config.settings import Settings, get_settings

log = logging.getLogger("launch.migrate")


def migrate(settings: Settings) -> bool:
    """Upgrade the database to the newest revision.

    Returns:
        Whether there was anything to do.

    Raises:
        SystemExit: The database cannot be reached, or was written by a newer version.
    """
    known, heads = revisions.read()
    present = _present(settings)
    if present == heads:
        return False
    if present - known:
        raise SystemExit(f"switchyard: {_newer(present - known)}")
    try:
        _upgrade(settings)
    except OSError as error:
        raise SystemExit(
            f"switchyard: the database cannot be made: {error.filename}: {error.strerror}."
        ) from None
    return True


def is_prepared(settings: Settings) -> bool:
    """Whether the database has been brought to any schema of ours.

    Raises:
        SystemExit: It cannot be reached.
    """
    return bool(_present(settings))


def warn(settings: Settings) -> None:
    """Tell the log when the database is not what this version expects; for processes that somebody
    else starts, and that may have been started before the database was prepared.
    """
    known, heads = revisions.read()
    try:
        present = _present(settings)
    except SystemExit as problem:
        log.warning("%s", str(problem).removeprefix("switchyard: "))
        return
    if present - known:
        log.warning("%s", _newer(present - known))
    elif present != heads:
        log.error("the database lacks tables of this version: run `python -m launch.migrate`")


def _newer(unknown: set[str]) -> str:
    return (
        f"the database was written by a newer version (revision {', '.join(sorted(unknown))})."
        " Update the code, or use another DATABASE_URL."
    )


def _present(settings: Settings) -> set[str]:
    url = settings.sqlalchemy_url
    if url.startswith("sqlite:///") and "?" not in url:
        return _present_in_sqlite(Path(url.removeprefix("sqlite:///")))
    from sqlalchemy import create_engine  # noqa: PLC0415  (only where it is needed: it imports slowly)
    from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError  # noqa: PLC0415 -- each process loads only what it needs
    from sqlalchemy.pool import NullPool  # noqa: PLC0415 -- each process loads only what it needs

    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=_patience(url))
        with closing(engine.connect()) as connection:
            return {row[0] for row in connection.exec_driver_sql(revisions.QUERY)}
    except ProgrammingError:
        return set()  # no table yet
    except (OperationalError, DBAPIError) as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
        raise SystemExit(
            f"switchyard: the database of DATABASE_URL does not answer: {reason}"
        ) from None


def _patience(url: str) -> dict[str, int]:
    return {"connect_timeout": 5} if url.startswith("postgresql") else {}


def _present_in_sqlite(path: Path) -> set[str]:
    if not path.exists():
        return set()
    if not os.access(path, os.W_OK):
        raise SystemExit(f"switchyard: the database {path} cannot be written by this user.")
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            return {row[0] for row in connection.execute(revisions.QUERY)}
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return set()
        raise SystemExit(f"switchyard: the database {path} cannot be read: {error}") from None
    except sqlite3.DatabaseError as error:
        raise SystemExit(
            f"switchyard: {path} is not a database that can be read: {error}"
        ) from None


def _upgrade(settings: Settings) -> None:
    url = settings.sqlalchemy_url
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    from alembic import command  # noqa: PLC0415  (only where it is needed: it imports slowly)
    from alembic.config import Config  # noqa: PLC0415 -- each process loads only what it needs

    config = Config()
    config.set_main_option("script_location", str(revisions.SCRIPTS).replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")


if __name__ == "__main__":
    os.umask(0o077)  # a new database belongs to the operator only
    print(
        "The database was upgraded." if migrate(get_settings()) else "The database is up to date."
    )
    options.prepare(get_settings())
