"""The database: one engine per process, short transactions, the same rules on SQLite and
PostgreSQL.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from shared.config.settings import Settings, get_settings
from shared.errors import Unavailable

# How long a transaction waits for a locked or absent database before it gives up.
PATIENCE_S = 15.0
_PAUSE_S = 0.02

_engine: Engine | None = None
_session: ContextVar[Session | None] = ContextVar("session", default=None)
_committed: ContextVar[list[Any] | None] = ContextVar("committed", default=None)
# SQLite has one writer. Inside a process the writers queue here, where waiting is cooperative; only
# processes meet at the file's lock. Not held across anything but SQL.
_write_lock = threading.Lock()


def engine_options(settings: Settings) -> dict[str, Any]:
    """Give the options with which an engine must be made, for whoever makes it."""
    if settings.sqlalchemy_url.startswith("sqlite"):
        # timeout=0: a locked file is waited for in _begin, which lets other green threads run.
        return {
            "connect_args": {"timeout": 0, "check_same_thread": False},
            "pool_size": 20,
            "max_overflow": 100,
        }
    return {
        "pool_size": settings.database_pool_size,
        "max_overflow": settings.database_pool_max_overflow,
        "pool_timeout": settings.database_pool_timeout,
        "pool_recycle": settings.database_pool_recycle,
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": 5, "prepare_threshold": 3},
    }


def bind(engine: Engine) -> None:
    """Use this engine in this process from now on."""
    global _engine  # noqa: PLW0603 -- one engine per process, made by whoever owns the process
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    _engine = engine


def get_engine() -> Engine:
    """Give this process's engine; made from the settings when nobody bound one."""
    if _engine is None:
        settings = get_settings()
        bind(create_engine(settings.sqlalchemy_url, **engine_options(settings)))
    assert _engine is not None  # noqa: S101 -- for the type checker: bind has just set it
    return _engine


def forget_engine() -> None:
    """Leave the connections of the parent process alone; a forked process opens its own."""
    global _engine  # noqa: PLW0603 -- see bind
    if _engine is not None:
        _engine.dispose(close=False)
    _engine = None


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-8000"):
        _patiently(lambda pragma=pragma: connection.execute(f"PRAGMA {pragma}"))


def _patiently(action: Any) -> Any:
    """Repeat what a locked or absent database refuses, for PATIENCE_S at most."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return action()
        except (OperationalError, sqlite3.OperationalError, DBAPIError) as error:
            if not is_passing(error):
                raise
            if time.monotonic() > deadline:
                raise Unavailable("The database is not available right now.") from error
            time.sleep(_PAUSE_S)


def is_passing(error: BaseException) -> bool:
    """Whether a database error can pass by itself: locked, gone away, not yet there."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if not isinstance(error, OperationalError | sqlite3.OperationalError):
        return False
    # A mistake of ours stays one; "no such file" is the socket of a PostgreSQL that is away.
    words = str(error).lower()
    return not any(ours in words for ours in ("no such table", "no such column", "syntax"))


def _begin(session: Session, write: bool) -> None:
    """Open the database transaction; the only place where waiting and repeating are harmless."""

    def begin() -> None:
        try:
            connection = session.connection()
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
        except DBAPIError:
            session.rollback()
            raise

    _patiently(begin)


@contextmanager
def _scope(write: bool) -> Iterator[Session]:
    current = _session.get()
    if current is not None:
        yield current
        return
    engine = get_engine()
    locked = write and engine.dialect.name == "sqlite"
    if locked:
        _write_lock.acquire()
    callbacks: list[Any] = []
    try:
        with Session(engine, expire_on_commit=False) as session:
            _begin(session, write)
            tokens = (_session.set(session), _committed.set(callbacks))
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                _session.reset(tokens[0])
                _committed.reset(tokens[1])
    finally:
        if locked:
            _write_lock.release()
    for callback in callbacks:
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
    with _scope(write=True) as session:
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """Run a block that only reads, on one consistent view; joins the surrounding transaction.

    Raises:
        Unavailable: The database was away for longer than PATIENCE_S.
    """
    with _scope(write=False) as session:
        yield session


def session() -> Session:
    """Give the session of the surrounding transaction.

    Raises:
        RuntimeError: Called outside `transaction()` and `reading()`.
    """
    current = _session.get()
    if current is None:
        raise RuntimeError("a database session was used outside of a transaction")
    return current


def after_commit(callback: Any) -> None:
    """Call back once the surrounding transaction is durable; a rollback forgets it."""
    callbacks = _committed.get()
    if callbacks is None:
        raise RuntimeError("after_commit was used outside of a transaction")
    callbacks.append(callback)


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
    if session().get_bind().dialect.name == "postgresql":
        session().execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
