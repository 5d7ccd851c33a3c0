"""Redis that speaks TLS, which the Valkey of our wheel was built without."""

import shutil
from pathlib import Path
from typing import Any

from tests.fakes.tls import Authority
from tests.services.require import missing


class RedisTLS:
    """A server's program and certificate, for `Valkey` and `ReplicatedValkey`.

    Args:
        folder: Holds the certificates.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        authority = Authority(folder)
        self.program = _program(folder)
        self.authority, certificate = str(authority.path), str(authority.server_file())
        self.settings = {
            "port": "0",
            "tls-cert-file": certificate,
            "tls-key-file": certificate,
            "tls-ca-cert-file": self.authority,
            "tls-auth-clients": "no",
            "tls-replication": "yes",
        }
        self.of_client: dict[str, Any] = {"ssl": True, "ssl_ca_certs": self.authority}


def _program(folder: Path) -> str:
    """Find the server; Debian's `redis-tools` has it as a program that checks files, which it is
    only by its name. The package of the server itself would start one at once.
    """
    if found := shutil.which("redis-server"):
        return found
    checker = shutil.which("redis-check-rdb") or missing("Redis with TLS", "install redis-tools")
    link = folder / "redis-server"
    link.symlink_to(checker)
    return str(link)
