"""The database that things are brought from; it is read and never written."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, column, create_engine, inspect, select
from sqlalchemy import table as named_table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from shared.movein.row import Row

# With any driver, by the one that we install.
_POSTGRES = re.compile(r"^postgres(ql)?(\+\w+)?://")
# A chat may have megabytes: so few are in memory at once.
_AT_ONCE = 20
# Every Open WebUI since 0.4 has these, with these columns.
_ALWAYS = {"user": "role", "auth": "password", "chat": "chat", "config": "data"}
# Tables that came with 0.7 and later, whose chats and rights lie elsewhere.
_NEWER = ("access_grant", "chat_message", "prompt_history")


class NotReadable(Exception):
    """The database cannot be brought; the message says why, for the operator."""


class Source:
    """An Open WebUI database. Tables and columns that its version does not have are just empty."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.columns = cache(self._columns)
        self._tables = set(inspect(engine).get_table_names())

    @property
    def kind(self) -> str:
        """The kind of database: "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    def check(self) -> None:
        """Let pass only databases of a version that can be brought.

        Raises:
            NotReadable: It is of another one, or of something else.
        """
        for name, needed in _ALWAYS.items():
            if needed not in self.columns(name):
                raise NotReadable(
                    f"This is no database of Open WebUI 0.4 to 0.6: there is no {name}.{needed}."
                )
        if newer := [name for name in _NEWER if name in self._tables]:
            raise NotReadable(
                "This database is of a newer Open WebUI than 0.6, whose tables are others"
                f" (it has {', '.join(newer)})."
            )

    def revision(self) -> str:
        """Give the database's own word for its version; empty when it has none."""
        found = next(self.rows("alembic_version"), None)
        return str(found.get("version_num", "")) if found else ""

    def _columns(self, name: str) -> tuple[str, ...]:
        if name not in self._tables:
            return ()
        return tuple(found["name"] for found in inspect(self._engine).get_columns(name))

    def rows(self, name: str, order: str | None = None) -> Iterator[Row]:
        """Read a table, a few rows at a time.

        Args:
            order: The column by which it is sorted.
        """
        wanted: list[Any] = [column(one) for one in self.columns(name)]
        if not wanted:
            return
        query = select(*wanted).select_from(named_table(name))
        if order in self.columns(name):
            query = query.order_by(column(str(order)))
        with self._connected() as connection:
            streamed = connection.execution_options(yield_per=_AT_ONCE)
            for found in streamed.execute(query).mappings():
                yield Row(dict(found))

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise NotReadable(f"The database cannot be read: {_words(error)}") from None

    def close(self) -> None:
        """Leave the database."""
        self._engine.dispose()


def opened(url: str) -> Source:
    """Open a database.

    Args:
        url: As DATABASE_URL has it, or the path of an SQLite file.

    Raises:
        NotReadable: It is not there, or is no database.
    """
    address = url if "://" in url else f"sqlite:///{url}"
    engine = _engine(_POSTGRES.sub("postgresql+psycopg://", address))
    try:
        return Source(engine)
    except DBAPIError as error:
        raise NotReadable(f"The database cannot be opened: {_words(error)}") from None


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(Path(parsed.database or ""))
        return create_engine(parsed, poolclass=NullPool, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise NotReadable(f"This is no address of a database: {error}") from None


def _sqlite(path: Path) -> Engine:
    if not path.is_file():
        raise NotReadable(f"There is no file {path}.")

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
        # One broken letter is not to cost the row.
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)


def _words(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if error.orig else str(error)
