"""The database: one engine per process, short transactions, the same rules on SQLite and
PostgreSQL.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolIsEmpty
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from shared.config.settings import Settings, get_settings
from shared.errors import NotFound, Unavailable
from shared.prepared import Prepared

# How long a transaction waits for a locked or absent database before it gives up.
PATIENCE_S = 15.0
_PAUSE_S = 0.02
_BEGIN_TO_WRITE, _BEGIN_TO_READ = Prepared(text("BEGIN IMMEDIATE")), Prepared(text("BEGIN"))
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext(:name))")

_engine: Engine | None = None
# SQLite: connections between two transactions. A pool would look after each of them at every turn,
# which costs as much as the transaction; a file does not go away as a server does.
_idle: list[Connection] = []
_MOST_IDLE = 8
_scope: ContextVar["_Scope | None"] = ContextVar("scope", default=None)
# SQLite has one writer. Inside a process the writers queue here, where waiting is cooperative; only
# processes meet at the file's lock. Not held across anything but SQL.
_write_lock = threading.Lock()
# All but the urgent stand in line here first, so that somebody urgent waits for one writer only.
_write_line = threading.Lock()


def engine_options(settings: Settings) -> dict[str, Any]:
    """Give the options with which an engine must be made, for whoever makes it."""
    # What users wrote must not come into a log with an error's text.
    common = {
        "hide_parameters": True,
        "json_serializer": _written,
        "json_deserializer": _read,
    }
    if settings.sqlalchemy_url.startswith("sqlite"):
        # timeout=0: a locked file is waited for in _begin, which lets other green threads run.
        return common | {
            "connect_args": {"timeout": 0, "check_same_thread": False},
            "pool_size": 20,
            "max_overflow": 100,
        }
    return common | {
        "pool_size": settings.database_pool_size,
        "max_overflow": settings.database_pool_max_overflow,
        "pool_timeout": settings.database_pool_timeout,
        "pool_recycle": settings.database_pool_recycle,
        "pool_pre_ping": True,
        "connect_args": {
            "connect_timeout": 5,
            # A pooler that hands out connections by the transaction has forgotten them next time.
            "prepare_threshold": 3 if settings.database_prepared_statements else None,
        },
    }


def _written(value: Any) -> str:
    """Write JSON for a column; what orjson refuses, such as a number of more than 64 bits, the
    slower library writes.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


def _read(stored: str) -> Any:
    """Read the JSON of a column."""
    try:
        return orjson.loads(stored)
    except orjson.JSONDecodeError:
        return json.loads(stored)  # NaN, and surrogates alone


def bind(engine: Engine) -> None:
    """Use this engine in this process from now on."""
    global _engine  # noqa: PLW0603 -- one engine per process, made by whoever owns the process
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    _engine = engine
    while _idle:
        _idle.pop().close()


def get_engine() -> Engine:
    """Give this process's engine; made from the settings when nobody bound one."""
    if _engine is None:
        settings = get_settings()
        bind(create_engine(settings.sqlalchemy_url, **engine_options(settings)))
    assert _engine is not None  # noqa: S101 -- for the type checker: bind has just set it
    return _engine


def forget_engine() -> None:
    """Leave the connections of the parent process alone, and a lock that it may have held when it
    forked; a forked process opens its own.
    """
    global _engine, _write_lock, _write_line
    if _engine is not None:
        _engine.dispose(close=False)
    _idle.clear()
    _engine, _write_lock, _write_line = None, threading.Lock(), threading.Lock()


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", "cache_size=-8000"):
        connection.execute(f"PRAGMA {pragma}")
    # Setting it waits for writers, also where it is set already.
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        # A file that somebody writes just now is switched by the next connection.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL")


def _patiently(action: Any) -> Any:
    """Repeat what a locked or absent database refuses, for PATIENCE_S at most."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return action()
        except (sqlite3.OperationalError, DBAPIError, PoolIsEmpty) as error:
            if not is_passing(error):
                raise
            if time.monotonic() > deadline:
                raise Unavailable("The database is not available right now.") from error
            time.sleep(_PAUSE_S)


def is_passing(error: BaseException) -> bool:
    """Whether a database error can pass by itself: locked, gone away, not yet there, too busy."""
    if isinstance(error, PoolIsEmpty):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if not isinstance(error, OperationalError | sqlite3.OperationalError):
        return False
    # A mistake of ours stays one; "no such file" is the socket of a PostgreSQL that is away.
    words = str(error).lower()
    return not any(ours in words for ours in ("no such table", "no such column", "syntax"))


class _Scope:
    """A transaction under way: its connection, its session if wanted, and what follows it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.callbacks: list[Callable[[], object]] = []
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The session; made on first use, the most frequent statements do without."""
        if self._session is None:
            self._session = Session(self.connection, expire_on_commit=False)
        return self._session

    def flush(self) -> None:
        """Write what the session still holds back."""
        if self._session is not None:
            self._session.flush()

    def close(self) -> None:
        """Leave the session's objects to whoever loaded them."""
        if self._session is not None:
            self._session.close()


def _begin(engine: Engine, write: bool) -> Connection:
    """Open a transaction; the only place where waiting and repeating are harmless."""

    def begin() -> Connection:
        connection = _connected(engine)
        try:
            connection.begin()
            if engine.dialect.name == "sqlite":
                (_BEGIN_TO_WRITE if write else _BEGIN_TO_READ).run(connection, {})
        except BaseException:
            connection.close()
            raise
        return connection

    began: Connection = _patiently(begin)
    return began


def _connected(engine: Engine) -> Connection:
    with suppress(IndexError):  # when none is idle
        return _idle.pop()
    return engine.connect()


def _leave(connection: Connection, is_in_order: bool) -> None:
    """Keep a connection for the next transaction, or give it back to the pool."""
    is_ours = connection.engine is _engine and connection.dialect.name == "sqlite"
    if is_in_order and is_ours and len(_idle) < _MOST_IDLE:
        _idle.append(connection)
    else:
        connection.close()


@contextmanager
def _writing(is_urgent: bool) -> Iterator[None]:
    """Wait until no other green thread of this process writes."""
    with nullcontext() if is_urgent else _write_line, _write_lock:
        yield


@contextmanager
def _scoped(write: bool, is_urgent: bool = False) -> Iterator[_Scope]:
    current = _scope.get()
    if current is not None:
        yield current
        return
    engine = get_engine()
    is_alone = write and engine.dialect.name == "sqlite"
    lock = _writing(is_urgent) if is_alone else nullcontext()
    with lock:
        connection = _begin(engine, write)
        scope = _Scope(connection)
        token = _scope.set(scope)
        is_in_order = False
        try:
            yield scope
            scope.flush()
            connection.commit()
            is_in_order = True
        except StaleDataError as error:
            # What was to be changed has been deleted since it was read.
            raise NotFound from error
        finally:
            _scope.reset(token)
            scope.close()
            _leave(connection, is_in_order)
    for callback in scope.callbacks:
        callback()


@contextmanager
def transaction() -> Iterator[Session]:
    """Run a block as one transaction that may write; joins the surrounding one if there is one.

    Commits at the end and rolls back on any error. Nothing but SQL belongs inside: while it is
    open no other green thread of this process writes (SQLite) and a pooled connection is taken.

    Raises:
        Unavailable: The database was locked or away for longer than PATIENCE_S.

    Source: https://www.sqlite.org/lang_transaction.html ("IMMEDIATE").
    """
    with _scoped(write=True) as scope:
        yield scope.session


@contextmanager
def reading() -> Iterator[Session]:
    """Run a block that only reads, on one consistent view; joins the surrounding transaction.

    Raises:
        Unavailable: The database was away for longer than PATIENCE_S.
    """
    with _scoped(write=False) as scope:
        yield scope.session


@contextmanager
def statements(write: bool, is_urgent: bool = False) -> Iterator[Connection]:
    """Run a block of prepared statements, as in `transaction` or `reading` but without a session.

    For what every job does: a session costs more than such a statement.

    Args:
        is_urgent: Whether it goes before the other writers of this process.
    """
    with _scoped(write, is_urgent) as scope:
        yield scope.connection


def session() -> Session:
    """Give the session of the surrounding transaction.

    Raises:
        RuntimeError: Called outside of a transaction.
    """
    return _current().session


def flush() -> None:
    """Write what the surrounding transaction's session still holds back, for statements without it.

    Raises:
        RuntimeError: Called outside of a transaction.
    """
    _current().flush()


def connection() -> Connection:
    """Give the connection of the surrounding transaction.

    Raises:
        RuntimeError: Called outside of a transaction.
    """
    return _current().connection


def _current() -> _Scope:
    scope = _scope.get()
    if scope is None:
        raise RuntimeError("the database was used outside of a transaction")
    return scope


def after_commit(callback: Callable[[], object]) -> None:
    """Call back once the surrounding transaction is durable; a rollback forgets it."""
    _current().callbacks.append(callback)


def once_durable(callback: Callable[[], object]) -> None:
    """Call back as `after_commit` does, and now where there is no transaction."""
    scope = _scope.get()
    if scope is None:
        callback()
    else:
        scope.callbacks.append(callback)


def is_alive() -> bool:
    """Whether the database answers now, without waiting for it."""
    try:
        with get_engine().connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError:
        return False
    return True


def lock_for_update(name: str) -> None:
    """Let only one transaction at a time pass here until it ends.

    Args:
        name: What is being guarded. SQLite writers are alone anyway; PostgreSQL takes an
            advisory lock.
    """
    if connection().dialect.name == "postgresql":
        connection().execute(_LOCK, {"name": name})
