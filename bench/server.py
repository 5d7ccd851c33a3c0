"""The product under measurement: `python -m launch`, on ports and data of its own."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import meter
from tests.services.waiting import free_port, wait_until

ROOT = Path(__file__).parents[1]
_NAMES = {
    "valkey-server": "valkey",
    "gunicorn": "web",
    "-n inference": "inference",
    "-n compute": "compute",
    "-n quick": "quick",
    "launch.celery beat": "beat",
    "launch.flower": "flower",
}


def name_of(command: str) -> str:
    """Give the Procfile's name of a process."""
    return next((name for mark, name in _NAMES.items() if mark in command), "launch")


class Switchyard:
    """One stack, started as `make run` starts it.

    Args:
        folder: Holds data and log.
        provider_url: The fake provider's, with `/v1`.
        names: Which processes of the Procfile; all when empty.
    """

    def __init__(self, folder: Path, provider_url: str, *names: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "launch.log"
        self.port = free_port()
        self._names = names
        self._env = _environment(folder, provider_url, self.port)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> None:
        """Start without waiting."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "launch", *self._names],
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Wait until all processes serve."""
        wait_until(self._answers, 40, f"the web process, see {self.log}")
        if "inference" in self._names or not self._names:
            wait_until(lambda: "ready." in self.log.read_text(), 40, f"workers, see {self.log}")

    def stop(self) -> None:
        """End everything as Ctrl-C does."""
        if self._process is not None:
            os.kill(self.pid, signal.SIGTERM)
            self._process.wait(30)
            self._process = None

    def processes(self) -> dict[int, str]:
        """Give the ids and names of everything that runs."""
        return {pid: name_of(meter.command(pid)) for pid in meter.tree(self.pid)}

    def main_process(self, name: str) -> int:
        """Give the process that does the work, the largest of its name."""
        found = [pid for pid, known in self.processes().items() if known == name]
        return max(found, key=meter.rss_mb)

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """Send a request and give the JSON of its answer.

        Raises:
            OSError: Nobody answers.
            RuntimeError: The answer is an error.
        """
        packed = json.dumps(body).encode() if body else None
        return json.loads(self.send(method, path, packed, token, "application/json"))

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        token: str,
        kind: str,
        timeout_s: float = 30,
    ) -> bytes:
        """Send a request of any kind and give its answer; errors as those of `call`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        headers = {"Content-Type": kind}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return data

    def sign_up(self) -> str:
        """Open the first account and give its token."""
        form = {"name": "Bench", "email": "bench@example.com", "password": "Bench-pw-1!"}
        return str(self.call("POST", "/api/v1/auths/signup", form)["token"])

    def add_user(self, admin: str, number: int) -> str:
        """Open a further account and give its token."""
        form = {
            "name": f"User {number}",
            "email": f"user{number}@example.com",
            "password": "Bench-pw-1!",
            "role": "user",
        }
        return str(self.call("POST", "/api/v1/auths/add", form, admin)["token"])

    def first_model(self, token: str) -> str:
        """Give the id of a model, once there is one."""
        end = time.monotonic() + 20
        while not (models := self.call("GET", "/api/models", token=token)["data"]):
            if time.monotonic() > end:
                raise RuntimeError(f"no models, see {self.log}")
            time.sleep(0.1)
        return str(models[0]["id"])

    def _answers(self) -> bool:
        try:
            return bool(self.call("GET", "/health"))
        except OSError:
            return False


def _environment(folder: Path, provider_url: str, port: int) -> dict[str, str]:
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(folder),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATA_DIR": str(folder / "data"),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "OPENAI_API_BASE_URL": provider_url,
        "OPENAI_API_BASE_URLS": "",
        "OPENAI_API_KEY": "sk-bench",
        "OPENAI_API_KEYS": "",
        "ENABLE_OLLAMA_API": "False",
        # The users of a measurement see the provider's model without a row of their own for it.
        "BYPASS_MODEL_ACCESS_CONTROL": "True",
        "LOCAL_MODELS": "0",
        "FLOWER_PORT": str(free_port()),
    }
