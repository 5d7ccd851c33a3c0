"""A Chromium that others drive from afar, as an operator sets one up for reading pages."""

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.browser import FLAGS, chromium_path
from tests.services.process import Process
from tests.services.require import missing
from tests.services.waiting import free_ports


@contextmanager
def start_browser_server(folder: Path) -> Iterator[str]:
    """Serve a browser by playwright's protocol; gives its address."""
    config = {"executablePath": chromium_path(), "args": FLAGS, "wsPath": "/browser"}
    port = free_ports(1)
    (folder / "browser.json").write_text(
        json.dumps({**config, "host": "127.0.0.1", "port": port}), "utf-8"
    )
    if importlib.util.find_spec("playwright") is None:
        missing("playwright", "pip install playwright")
    command = [sys.executable, "-m", "playwright", "launch-server", "--browser", "chromium"]
    command += ["--config", str(folder / "browser.json")]
    with _running(command, folder, lambda one: f":{port}/browser" in one.output()):
        yield f"ws://127.0.0.1:{port}/browser"


@contextmanager
def start_debugged_browser(folder: Path) -> Iterator[str]:
    """Serve a browser by Chromium's own protocol; gives its address."""
    port = free_ports(1)
    command = [chromium_path(), "--headless", *FLAGS, f"--remote-debugging-port={port}"]
    command += [f"--user-data-dir={folder / 'profile'}", "about:blank"]
    with _running(command, folder, lambda one: "DevTools listening" in one.output()):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(command: list[str], folder: Path, is_ready) -> Iterator[None]:
    log = folder / "browser.log"
    process = Process("browser", command, dict(os.environ), log, folder, is_ready)
    process.launch()
    try:
        process.wait_ready(60)
        yield
    finally:
        process.kill()
