"""Pages that only a browser writes, by a browser of the operator's; see `browser_child`."""

import base64
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from shared.config.options import option
from shared.config.settings import get_settings
from shared.errors import Invalid, Unavailable
from shared.http import Fetched, Fetcher

_ROOT = Path(__file__).parents[2]
_PROGRAM = "workers.pages.browser_child"
# What an admin may wait for; 0 means no limit to playwright, which no job has.
_LEAST_S, _MOST_S = 1.0, 60.0
# For the child to start, to connect and to hand over what was written.
_GRACE_S = 20.0
_LOOK_S = 0.25
# Each page takes two processes here, and a profile of the browser.
_slots = threading.BoundedSemaphore(2)


def written(first: Fetched, fetcher: Fetcher) -> str:
    """Give the HTML of a page as its scripts have written it.

    Args:
        first: The page as its server sends it.
        fetcher: What has fetched it; once that is told to stop, this does too.

    Raises:
        Invalid: No browser is configured.
        Unavailable: It is not there, or the page is not ready in time.
    """
    server = option("PLAYWRIGHT_WS_URL")
    if not server:
        raise Invalid("The loader 'playwright' needs a browser at PLAYWRIGHT_WS_URL.")
    if find_spec("playwright") is None:
        raise Unavailable("The package 'playwright' is not installed on this server.")
    timeout_s = min(max(option("PLAYWRIGHT_TIMEOUT") / 1000 or _MOST_S, _LEAST_S), _MOST_S)
    asked = {
        "url": first.url,
        "server": server,
        "timeout_s": timeout_s,
        "first": {
            "status": first.status,
            "headers": first.headers,
            "content": base64.b64encode(first.content).decode(),
        },
    }
    with _slots:
        told = _told(asked, timeout_s + _GRACE_S, fetcher)
    if "html" not in told:
        raise Unavailable(f"The browser could not write this page: {told['problem']}")
    return str(told["html"])


def _told(asked: dict[str, Any], patience_s: float, fetcher: Fetcher) -> dict[str, Any]:
    """Ask a child, and end it with all that it has started when it is late or not wanted."""
    until = time.monotonic() + patience_s
    sent: bytes | None = orjson.dumps(asked)
    with _child() as process:
        while not fetcher.is_aborted and time.monotonic() < until:
            try:
                said, _ = process.communicate(sent, timeout=_LOOK_S)
            except subprocess.TimeoutExpired:
                sent = None  # it has been taken
                continue
            told: dict[str, Any] = orjson.loads(said) if said else {"problem": "it has failed."}
            return told
    return {"problem": "it takes too long."}


@contextlib.contextmanager
def _child() -> Iterator[subprocess.Popen[bytes]]:
    settings = get_settings()
    process = subprocess.Popen(  # noqa: S603 -- our own module
        [sys.executable, "-s", "-m", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "DATA_DIR": str(settings.data_dir),
            "OUTBOUND_ALLOWED_NETWORKS": settings.outbound_allowed_networks,
        },
        cwd=_ROOT,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
