"""A real PgBouncer in transaction mode before the tests' PostgreSQL."""

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.services.postgres import Postgres
from tests.services.process import Process
from tests.services.require import missing
from tests.services.waiting import free_port, listens

# Fewer connections to the server than any stack has processes: each is used by all in turn.
_CONFIG = """\
[databases]
{name} = host={socket_folder} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 1000
"""


class PgBouncer:
    """One pooler before one database.

    Args:
        server: Runs the database.
        database_url: As the server gives it.
    """

    def __init__(self, server: Postgres, database_url: str):
        program = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
        if program is None:
            missing("PgBouncer", "install the system's package pgbouncer")
        parts = urlsplit(database_url)
        name = parts.path.removeprefix("/")
        port = free_port()
        # Not a folder of pytest's: it changes its user, who may not enter those.
        self._folder = Path(tempfile.mkdtemp(prefix="swy-bouncer-"))
        self._folder.chmod(0o755)
        config = self._folder / "pgbouncer.ini"
        socket_folder = parse_qs(parts.query)["host"][0]
        config.write_text(_CONFIG.format(name=name, port=port, socket_folder=socket_folder))
        command = [program, str(config)]
        if os.geteuid() == 0:  # it refuses to run as root
            command += ["-u", server.user]
        self.url = f"postgresql://postgres@127.0.0.1:{port}/{name}"
        self.process = Process(
            "pgbouncer",
            command,
            dict(os.environ),
            self._folder / "pgbouncer.log",
            self._folder,
            lambda _: listens(port),
        )

    def start(self) -> "PgBouncer":
        """Start it and wait until it takes connections."""
        self.process.start()
        return self

    def close(self) -> None:
        """End it and delete its folder."""
        self.process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
