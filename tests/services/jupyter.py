"""A real Jupyter server with a Python kernel, one for the whole session; it is entered by token or
by password.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.services.process import Process
from tests.services.require import missing
from tests.services.waiting import free_ports

TOKEN, PASSWORD = "a-token-for-tests", "a password for tests"


@dataclass(frozen=True)
class Jupyter:
    """Where the server is."""

    url: str
    process: Process

    def options(self, name: str = "CODE_EXECUTION", auth: str = "token") -> dict[str, object]:
        """Give the options that lead to it."""
        return {
            f"{name}_ENGINE": "jupyter",
            f"{name}_JUPYTER_URL": self.url,
            f"{name}_JUPYTER_AUTH": auth,
            f"{name}_JUPYTER_AUTH_TOKEN": TOKEN,
            f"{name}_JUPYTER_AUTH_PASSWORD": PASSWORD,
        }

    def kernels(self) -> int:
        """Count the kernels that run."""
        headers = {"authorization": f"token {TOKEN}"}
        return len(httpx.get(f"{self.url}/api/kernels", headers=headers).json())


def start_jupyter(folder: Path) -> Jupyter:
    """Start a server whose files lie in a folder."""
    if not all(map(importlib.util.find_spec, ("jupyter_server", "ipykernel"))):
        missing("Jupyter", "install jupyter-server and ipykernel")
    from jupyter_server.auth import passwd

    port = free_ports(1)
    homes = ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")
    env = {**os.environ, **{name: str(folder / name.lower()) for name in homes}}
    command = [sys.executable, "-m", "jupyter_server", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--no-browser", "--allow-root", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={TOKEN}"]
    hashed = passwd(PASSWORD, algorithm="sha1")
    command += [f"--PasswordIdentityProvider.hashed_password={hashed}"]
    url = f"http://127.0.0.1:{port}"
    process = Process(
        "jupyter", command, env, folder / "jupyter.log", folder, lambda _: _answers(url)
    )
    process.start()
    return Jupyter(url, process)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/login", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """The session's Jupyter server."""
    server = start_jupyter(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.process.kill()
