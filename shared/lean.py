"""Imports without the parts that nobody here uses."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# What libraries import wherever it is installed. python-socketio: for its clients, for another
# server and for a broker of its own, 10 MB of a web process; PyJWT: for signatures by key pairs,
# 6 MB, where our tokens are signed by one key; httpx, kombu and Celery: for a command, another
# version of HTTP, other kinds of threads, another form of messages and a report, 8 MB of a worker;
# redis-py: for telemetry, which another library may bring.
SOCKETIO_EXTRAS = ("aiohttp", "requests", "websocket", "tornado", "valkey", "kombu")
PYJWT_EXTRAS = ("cryptography",)
REDIS_EXTRAS = ("opentelemetry",)
WEB_EXTRAS = SOCKETIO_EXTRAS + PYJWT_EXTRAS + REDIS_EXTRAS
WORKER_EXTRAS = ("rich", "pygments", "h2", "yaml", "anyio", "psutil", *REDIS_EXTRAS)


@contextmanager
def without(names: tuple[str, ...]) -> Iterator[None]:
    """Let optional imports of some modules fail inside the block, as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: Python's own mark
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
