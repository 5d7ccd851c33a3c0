"""Statements of every job: compiled once, and run by the driver itself.

SQLAlchemy's own way makes a context, a result and a row object for each run of a statement; for
what is done several times per job that costs several times as much as the database's own work.
Transactions, connections, types and errors stay SQLAlchemy's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, Dialect
from sqlalchemy.exc import DBAPIError

_Process = Callable[[Any], Any] | None


@dataclass(frozen=True)
class Found:
    """What a statement has brought.

    Attributes:
        rows: What it gives, if it gives rows.
        count: How many rows it has given or changed.
    """

    rows: list[tuple[Any, ...]]
    count: int


class Prepared:
    """A statement that is always the same, with the names of its `bindparam`s for what differs.

    Lists (`expanding`) are not possible. What it writes does not show in the log of
    `sqlalchemy.engine`.
    """

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._form: _Form | None = None

    def run(self, connection: Connection, values: dict[str, Any]) -> Found:
        """Run it inside a transaction.

        Args:
            values: By the names of the statement.

        Raises:
            sqlalchemy.exc.DBAPIError: As from any other statement.
        """
        form, dialect = self._form, connection.dialect
        if form is None or form.dialect is not dialect:
            form = self._form = _Form(self._statement, dialect)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(form.words, form.arguments(values))
            rows = form.read(cursor.fetchall()) if form.gives_rows else []
            return Found(rows, cursor.rowcount)
        except dialect.loaded_dbapi.Error as error:
            raise _translated(connection, form.words, error) from error
        finally:
            cursor.close()


class _Form:
    """A statement as one kind of database wants it."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.dialect = dialect
        self.words = str(compiled)
        binds: dict[str, BindParameter[Any]] = compiled.binds
        self._names: list[str] | None = compiled.positiontup if compiled.positional else None
        given = {name: _input(bind, dialect) for name, bind in binds.items() if bind.required}
        self._given = list(given)
        self._inputs = [(name, write) for name, write in given.items() if write is not None]
        self._fixed = {
            name: _written(bind.effective_value, _input(bind, dialect))
            for name, bind in binds.items()
            if not bind.required
        }
        columns = list(getattr(statement, "exported_columns", ()))
        self.gives_rows = bool(columns)
        outputs = (c.type.dialect_impl(dialect).result_processor(dialect, None) for c in columns)
        self._outputs = [(place, read) for place, read in enumerate(outputs) if read is not None]

    def arguments(self, values: dict[str, Any]) -> Any:
        """Bring values into the driver's form."""
        named = self._fixed | {name: values[name] for name in self._given}
        for name, write in self._inputs:
            named[name] = write(named[name])
        return named if self._names is None else [named[name] for name in self._names]

    def read(self, rows: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Bring rows out of the driver's form."""
        return [self._read_row(row) for row in rows] if self._outputs else list(rows)

    def _read_row(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, read in self._outputs:
            values[place] = read(values[place])
        return tuple(values)


def _input(bind: BindParameter[Any], dialect: Dialect) -> _Process:
    process: _Process = bind.type.dialect_impl(dialect).bind_processor(dialect)
    return process


def _written(value: Any, write: _Process) -> Any:
    return value if write is None else write(value)


def _translated(connection: Connection, words: str, error: Any) -> BaseException:
    """Make SQLAlchemy's error of a driver's; a connection that was lost is not used again."""
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(error, connection.connection, None)
    if is_lost:
        connection.invalidate(error)
    made: BaseException = DBAPIError.instance(
        words,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=dialect,
    )
    return made
