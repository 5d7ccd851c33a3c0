"""A Valkey with a replica, and three Sentinels that let the replica take over when it is lost."""

import os
from pathlib import Path

import redis

from tests.services.process import Process
from tests.services.redis_tls import RedisTLS
from tests.services.valkey import Valkey, server_path
from tests.services.waiting import free_port, listens, wait_until

_SERVICE = "tests"
# What one enters the servers with, and what the Sentinels.
_PASSWORD, _SENTINELS_PASSWORD = "of the/servers", "of the:sentinels"
_SENTINELS, _QUORUM = 3, 2
# Sentinels look at each other and at the servers every few seconds, and do nothing for half a
# minute when they were late themselves; tests do not wait for that.
_IN_A_HURRY = (
    *("INFO-PERIOD", "200", "PUBLISH-PERIOD", "200", "PING-PERIOD", "100"),
    *("TILT-PERIOD", "1000", "TILT-TRIGGER", "10000"),
)

_CONFIG = """\
bind 127.0.0.1
{listening}
dir "{folder}"
requirepass "{own}"
sentinel sentinel-pass "{own}"
sentinel monitor {service} 127.0.0.1 {primary} {quorum}
sentinel auth-pass {service} "{password}"
sentinel down-after-milliseconds {service} 700
sentinel failover-timeout {service} 2000
"""


class ReplicatedValkey:
    """Two servers and their Sentinels; in the place of a `Valkey` of a stack.

    Args:
        folder: Holds their files and logs.
        tls: Other programs, all of which speak nothing but TLS.
    """

    def __init__(self, folder: Path, tls: RedisTLS | None = None):
        self._tls = tls
        secret = ["--requirepass", _PASSWORD, "--masterauth", _PASSWORD]
        secret += ["--repl-diskless-sync-delay", "0"]
        first = Valkey(folder / "first", secret, _PASSWORD, tls)
        follows = ["--replicaof", f"127.0.0.1 {first.port}"]
        self.servers = [first, Valkey(folder / "second", [*secret, *follows], _PASSWORD, tls)]
        self.sentinels = [self._sentinel(folder / f"sentinel{i}") for i in range(_SENTINELS)]
        hosts = ",".join(f"127.0.0.1:{port}" for port in self._ports)
        self.url = (
            f"sentinel://:of%20the%2Fservers@{hosts}/0"
            f"?service={_SERVICE}&sentinel_password=of+the%3Asentinels"
        )
        if tls is not None:
            self.url = self.url.replace("sentinel", "sentinels", 1)
            self.url += f"&ssl_ca_certs={tls.authority}"

    @property
    def _ports(self) -> list[int]:
        return [int(one.name.removeprefix("sentinel")) for one in self.sentinels]

    def start(self) -> "ReplicatedValkey":
        """Start all, and wait until each knows of the others."""
        for one in self.servers:
            one.start()
        for sentinel in self.sentinels:
            sentinel.start()
        for port in self._ports:
            self._ask(port, "SENTINEL DEBUG", *_IN_A_HURRY)
        self.wait_complete()
        return self

    def wait_complete(self) -> None:
        """Wait until every Sentinel knows of a replica that could take over."""
        wait_until(
            lambda: all(self._is_complete(port) for port in self._ports),
            20,
            "the Sentinels to know of each other and of a replica",
        )

    def primary(self) -> Valkey:
        """Give the server that most Sentinels take for the primary."""
        ports = [int(self._state(port)["port"]) for port in self._ports]
        port = max(ports, key=ports.count)
        return next(one for one in self.servers if one.port == port)

    def fail_over(self) -> None:
        """Let the replica take over although the primary lives, as operators do for an update."""
        self._ask(self._ports[0], "SENTINEL FAILOVER", _SERVICE)

    def close(self) -> None:
        """End all for good."""
        for process in (*self.sentinels, *(one.process for one in self.servers)):
            process.kill()

    def _sentinel(self, folder: Path) -> Process:
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        config = folder / "sentinel.conf"
        settings = {"port": port}
        if self._tls is not None:
            settings = {"tls-port": port, **self._tls.settings}
        text = _CONFIG.format(
            listening="\n".join(f"{name} {value}" for name, value in settings.items()),
            folder=folder,
            own=_SENTINELS_PASSWORD,
            service=_SERVICE,
            primary=self.servers[0].port,
            quorum=_QUORUM,
            password=_PASSWORD,
        )
        config.write_text(text)
        return Process(
            f"sentinel{port}",
            [self._tls.program if self._tls else server_path(), str(config), "--sentinel"],
            dict(os.environ),
            folder / "sentinel.log",
            folder,
            lambda _: listens(port),
        )

    def _client(self, port: int) -> "redis.Redis":
        options = self._tls.of_client if self._tls else {}
        return redis.Redis(
            host="127.0.0.1", port=port, password=_SENTINELS_PASSWORD, socket_timeout=5, **options
        )

    def _ask(self, port: int, *words: str) -> object:
        with self._client(port) as client:
            return client.execute_command(*words)

    def _state(self, port: int) -> dict[str, object]:
        with self._client(port) as client:
            return dict(client.sentinel_master(_SERVICE))

    def _is_complete(self, port: int) -> bool:
        state = self._state(port)
        with self._client(port) as client:
            replicas = client.sentinel_slaves(_SERVICE)
        able = [r for r in replicas if r["master-link-status"] == "ok" and not r["is_sdown"]]
        return state["num-other-sentinels"] == _SENTINELS - 1 and len(able) == 1
