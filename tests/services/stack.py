"""A real stack for flow tests: Valkey, database, web processes and workers, each its own process.

The commands are those of the Procfile, so that what is tested is what runs.
"""

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from tests.services.client import api
from tests.services.process import Process
from tests.services.sentinel import ReplicatedValkey
from tests.services.valkey import Valkey
from tests.services.waiting import free_port, wait_until

ROOT = Path(__file__).parents[2]
_MARK = "SWITCHYARD_TEST_MARK"
_templates: dict[str, Path] = {}  # a migrated SQLite file, made once a session


class Web(Process):
    """A web process and its address."""

    base: str = ""


class Stack:
    """Everything of DESIGN §7 that a test needs, on ports and data of its own.

    Args:
        folder: Holds data and logs.
        provider_url: Base address of an OpenAI-compatible provider, with `/v1`.
        web: How many web processes, each behind its own port.
        inference: How many inference workers.
        compute: How many compute workers.
        quick: How many quick workers.
        database_url: PostgreSQL's address; empty means SQLite in the folder.
        valkey: Another one than a server of the stack's own; started and ended with it.
        env: Further settings.
        backup: Folder of a backup, to begin with what it holds instead of nothing.
        allowed: Expected tracebacks, see `allow`.
    """

    def __init__(
        self,
        folder: Path,
        provider_url: str,
        *,
        web: int = 1,
        inference: int = 1,
        compute: int = 0,
        quick: int = 0,
        database_url: str = "",
        valkey: Valkey | ReplicatedValkey | None = None,
        env: dict[str, str] | None = None,
        backup: Path | None = None,
        allowed: tuple[str, ...] = (),
    ):
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self._allowed, self._backup = list(allowed), backup
        self.mark = uuid.uuid4().hex
        self._valkey = valkey or Valkey(folder / "valkey")
        self.env = self._environment(provider_url, database_url, env or {})
        self.web = [self._web(i) for i in range(web)]
        self.inference = [self._worker("inference", i) for i in range(inference)]
        self.compute = [self._worker("compute", i) for i in range(compute)]
        self.quick = [self._worker("quick", i) for i in range(quick)]

    @property
    def base(self) -> str:
        """Address of the first web process."""
        return self.web[0].base

    @property
    def valkey(self) -> Valkey:
        """The server of a stack that has a single one."""
        assert isinstance(self._valkey, Valkey), "this stack has two: see ReplicatedValkey"
        return self._valkey

    @property
    def bases(self) -> list[str]:
        """Addresses of all web processes."""
        return [web.base for web in self.web]

    @property
    def processes(self) -> list[Process]:
        """Our own processes; Valkey is not among them."""
        return [*self.web, *self.inference, *self.compute, *self.quick]

    def start(self) -> "Stack":
        """Start everything and wait until it serves."""
        try:
            self._valkey.start()
            self._migrate()
            for process in self.processes:
                process.launch()
            for process in self.processes:
                process.wait_ready()
        except BaseException:
            self._kill_everything()
            raise
        return self

    @contextmanager
    def one_more_worker(self) -> Iterator[Process]:
        """Have one more inference worker for the time of a `with` block."""
        more = self._worker("inference", len(self.inference))
        self.inference.append(more)
        more.start()
        yield more
        more.kill()
        self.inference.remove(more)

    def deliver_again(self, job: str, kind: str, queue: str, times: int = 1) -> None:
        """Send a job's message to the workers again, as a broker may do.

        Args:
            job: Id of the job.
            kind: Name of its kind on the wire.
            queue: Where it waits.
            times: How often.
        """
        code = "import sys; from shared.broker import ring; ring(*sys.argv[1:], None)\n"
        command = [sys.executable, "-c", code * times, job, kind, queue]
        subprocess.run(command, env=self.env, cwd=ROOT, check=True, capture_output=True)

    def allow(self, *patterns: str) -> None:
        """Expect tracebacks whose last line matches one of these regular expressions."""
        self._allowed.extend(patterns)

    def close(self, orderly: bool = True) -> None:
        """End everything, then check that nothing is left and that no log holds a surprise.

        Args:
            orderly: Ask by SIGTERM, as a process manager does, which takes seconds; otherwise kill.
        """
        try:
            if orderly:
                self._stop_all()
            for process in self.processes:
                process.kill()
            self._assert_nothing_is_left()
            self._assert_logs_are_clean()
        finally:
            self._kill_everything()

    def _stop_all(self) -> None:
        for process in self.processes:
            process.thaw()
            process.ask_to_stop()
        stubborn = [p.name for p in self.processes if not _ends(p)]
        assert not stubborn, f"do not end on SIGTERM in 20 s: {stubborn}"

    def _kill_everything(self) -> None:
        self._valkey.close()
        for orphan in self._marked():
            orphan.kill()

    def _assert_logs_are_clean(self) -> None:
        for process in self.processes:
            if not process.log.exists():
                continue
            for end in traceback_ends(process.log.read_text(errors="replace")):
                expected = any(re.search(pattern, end) for pattern in self._allowed)
                assert expected, f"{process.name} logged a traceback ({process.log}): {end}"

    def _assert_nothing_is_left(self) -> None:
        find = lambda: [" ".join(_command(p)) for p in self._marked()]  # noqa: E731
        try:
            wait_until(lambda: not find(), 5, "all processes to be gone", every_s=0.1)
        except AssertionError:
            raise AssertionError(f"left over after SIGTERM: {find()}") from None

    def _environment(self, provider: str, database: str, more: dict[str, str]) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        return {
            **inherited,
            "PYTHONUNBUFFERED": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "HOME": str(self.folder),
            "HOST": "127.0.0.1",
            "DATA_DIR": str(self.data),
            "DATABASE_URL": database,
            "REDIS_URL": self._valkey.url,
            "OPENAI_API_BASE_URL": provider,
            "OPENAI_API_KEY": "k",
            "ENABLE_OLLAMA_API": "False",
            "LOCAL_MODELS": "0",
            "FLOWER_PORT": str(free_port()),
            _MARK: self.mark,
            **more,
        }

    def _web(self, number: int) -> Web:
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        web = Web(
            f"web{number + 1}",
            shell(procfile()["web"]),
            {**self.env, "PORT": str(port)},
            self.folder / f"web{number + 1}.log",
            ROOT,
            lambda _: is_healthy(base),
        )
        web.base = base
        return web

    def _worker(self, kind: str, number: int) -> Process:
        name = f"{kind}{number + 1}"
        command = shell(f"{procfile()[kind]} -n {name}@{self.mark[:8]}")
        return Process(
            name,
            command,
            self.env,
            self.folder / f"{name}.log",
            ROOT,
            lambda p: " ready." in p.output(),
        )

    def _migrate(self) -> None:
        if self._backup is not None:
            run_module(self.env, "launch.restore", str(self._backup))
            return
        if self.env["DATABASE_URL"]:
            migrate(self.env)
            return
        template = _templates.get("sqlite")
        if template is None or not template.exists():
            migrate(self.env)
            template = _templates["sqlite"] = self.folder / "template.db"
            shutil.copy(self.data / "switchyard.db", template)
        shutil.copy(template, self.data / "switchyard.db")

    def _marked(self) -> list[psutil.Process]:
        return [p for p in psutil.process_iter() if _environ(p).get(_MARK) == self.mark]


def procfile() -> dict[str, str]:
    """Give the commands of the Procfile by process name, as a shell reads them."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    pairs = [line.partition(":") for line in lines if line.strip() and not line.startswith("#")]
    return {name.strip(): command.strip() for name, _, command in pairs}


def shell(command: str) -> list[str]:
    """Give the arguments that let a shell read a command and then be replaced by it."""
    return ["/bin/sh", "-c", f"exec {command}"]


def migrate(env: dict[str, str]) -> None:
    """Bring a database to the newest schema."""
    run_module(env, "launch.migrate")


def run_module(env: dict[str, str], name: str, *words: str, root: Path = ROOT) -> str:
    """Run one of our modules to its end, which has to be a good one, and give what it says."""
    command = [sys.executable, "-m", name, *words]
    done = subprocess.run(command, env=env, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def is_healthy(base: str) -> bool:
    """Whether a web process answers `/health`."""
    try:
        return api("GET", f"{base}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def traceback_ends(log: str) -> list[str]:
    """Find the last lines (the errors) of all tracebacks in a log."""
    ends, inside = [], False
    for line in log.splitlines():
        if line.startswith("Traceback (most recent call last):"):
            inside = True
        elif inside and line and not line.startswith((" ", "\t", "|")):
            ends.append(line)
            inside = False
    return ends


def _ends(process: Process) -> bool:
    try:
        process.wait_end(20)
    except AssertionError:
        process.kill()
        return False
    return True


def _environ(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ() if process.status() != psutil.STATUS_ZOMBIE else {}
    except (psutil.Error, OSError):
        return {}


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
