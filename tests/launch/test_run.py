"""`python -m launch` with everything: what it says, what it leaves, and the next start."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import httpx
import psutil
import pytest

from shared.kinds.base import QUEUES
from tests.fakes.openai_server import FakeOpenAI
from tests.launch.conftest import ROOT, Marked, command_line
from tests.services.client import Account, api
from tests.services.require import missing
from tests.services.waiting import free_port, wait_until

pytestmark = pytest.mark.flow

FLOWER_PASSWORD = "a password for tests"
COMMAND = [sys.executable, "-m", "launch"]


class Launched(Marked):
    """A whole stack, started as `make run` does."""

    @property
    def base(self) -> str:
        """Address of the web tier."""
        return f"http://127.0.0.1:{self.env['PORT']}"

    @property
    def flower(self) -> str:
        """Address of Flower."""
        return f"http://127.0.0.1:{self.env['FLOWER_PORT']}"

    def wait_complete(self) -> None:
        """Wait until every process is up."""
        for text in ("inference@", "compute@", "quick@"):
            self.wait_for_line(f"{text}.* ready")
        self.wait_for_line("Flower answers at")
        self.wait_for_line("Switchyard answers at")

    def wait_for_line(self, pattern: str) -> None:
        """Wait until a line of the output matches."""
        found = lambda: re.search(pattern, self.output())  # noqa: E731
        wait_until(found, 60, f"{pattern!r} in the output")

    def end(self) -> None:
        """Press Ctrl-C and wait until nothing is left."""
        os.killpg(self.pid, signal.SIGINT)
        self.wait_until_nothing_is_left(30)


@pytest.fixture(scope="module")
def provider():
    """An OpenAI-compatible provider."""
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def launch(tmp_path_factory, provider):
    """Make stacks that share a data folder; what is left at the end is killed."""
    folder = tmp_path_factory.mktemp("launch")
    made: list[Launched] = []

    def make(**env: str) -> Launched:
        settings = {
            "HOME": str(folder),
            "DATA_DIR": str(folder / "data"),
            "PORT": str(free_port()),
            "FLOWER_PORT": str(free_port()),
            "FLOWER_PASSWORD": FLOWER_PASSWORD,
            "REDIS_URL": "",
            "DATABASE_URL": "",
            "WEBUI_SECRET_KEY": "",
            "LOCAL_MODELS": "0",
            "OPENAI_API_BASE_URL": provider.url,
            "OPENAI_API_KEY": "k",
            "ENABLE_OLLAMA_API": "False",
            "SWITCHYARD_TEST_MARK": f"launch-{len(made)}-{os.getpid()}",
            **env,
        }
        log = folder / f"log{len(made)}"
        stack = Launched(
            "launch", COMMAND, {**os.environ, **settings}, log, ROOT, lambda _: _is_up(stack.base)
        )
        stack.mark = settings["SWITCHYARD_TEST_MARK"]
        made.append(stack)
        return stack

    yield make
    for stack in made:
        for process in stack.everybody():
            process.kill()


@pytest.fixture(scope="module")
def stack(launch):
    """The first stack, with everything up."""
    running = launch()
    running.start()
    running.wait_complete()
    return running


def _first_call_of_the_readme() -> str:
    """The README's lines, word for word."""
    text = (ROOT / "README.md").read_text()
    return text.split("## First call")[1].split("```sh\n")[1].split("```")[0]


def _arrivals(script: str) -> list[bytes]:
    """What a shell's lines write, piece by piece as it comes."""
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        return list(iter(lambda: os.read(shell.stdout.fileno(), 65536), b""))


def _is_up(base: str) -> bool:
    try:
        return httpx.get(f"{base}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _pss_mb(process: psutil.Process) -> float:
    text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss: +(\d+)", text, re.MULTILINE)[1]) / 1024


def _flower(stack: Launched, path: str, password: str = FLOWER_PASSWORD):
    return httpx.get(stack.flower + path, auth=("operator", password), timeout=10)


def test_the_lines_of_the_greeting_make_an_account_and_stream_an_answer(stack):
    lines = re.findall(r"^(?:[A-Z]+=|curl ).*$", stack.output(), re.MULTILINE)
    assert len(lines) == 3

    done = subprocess.run(
        ["sh", "-c", "\n".join(lines)], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout.count("data: {") > 3, done
    assert done.stdout.rstrip().endswith("data: [DONE]")


def test_no_secret_stands_in_a_command_line_or_in_the_output(stack):
    folder = Path(stack.env["DATA_DIR"])
    files = (folder / "secret_key", folder / "valkey" / "password")
    secrets = [FLOWER_PASSWORD, *(path.read_text().strip() for path in files)]

    seen = stack.output() + "".join(command_line(p) for p in stack.everybody())

    assert not [secret for secret in secrets if secret in seen]


def test_everything_that_was_written_belongs_to_the_operator_only(stack):
    folder = Path(stack.env["DATA_DIR"])

    open_ones = [p for p in folder.rglob("*") if p.exists() and p.stat().st_mode & 0o077]

    assert not open_ones


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's /proc")
def test_everything_at_rest_needs_less_than_450_mb(stack):
    sizes = {command_line(p)[:80]: _pss_mb(p) for p in stack.everybody()}

    assert sum(sizes.values()) < 450, sizes


def test_flower_asks_for_a_login_on_every_page(stack):
    pages = ("/", "/broker", "/tasks", "/metrics", "/api/tasks", "/api/workers")

    statuses = {page: httpx.get(stack.flower + page).status_code for page in pages}

    assert set(statuses.values()) == {401}, statuses
    assert _flower(stack, "/", password="wrong").status_code == 401
    assert _flower(stack, "/").status_code == 200


def test_flower_shows_who_works_on_each_queue_and_no_password_of_the_broker(stack):
    password = (Path(stack.env["DATA_DIR"]) / "valkey" / "password").read_text()

    page = _flower(stack, "/broker").text
    name = re.search(r"inference@\S+(?= ready)", stack.output())[0]
    details = _flower(stack, f"/worker/{name}").text

    rows = re.findall(r'<tr id="(\w+)">(.*?)</tr>', page, re.DOTALL)
    workers = {name: re.findall(r"<td>\s*(\d+)", cells)[-1] for name, cells in rows}
    assert workers == dict.fromkeys(QUEUES, "1")
    assert "Max concurrency" in details
    assert password not in page + details


def test_a_killed_worker_is_back_at_once(stack):
    inference = stack.pid_of("-n inference@")
    count = stack.output().count(" ready.")
    begun = time.monotonic()

    os.kill(inference, signal.SIGKILL)
    wait_until(lambda: stack.output().count(" ready.") > count, 20, "the worker to be back")

    assert time.monotonic() - begun < 14  # alone on the machine it takes one second
    assert "inference was ended by signal 9; starting it again" in stack.output()


def test_a_second_start_on_the_same_data_is_refused(stack, launch):
    second = launch()
    second.launch()

    wait_until(lambda: not second.is_running, 20, "the second start to end")

    assert second.exit_code == 1
    assert f"already running on {stack.env['DATA_DIR']} (process {stack.pid})" in second.output()
    assert _is_up(stack.base)


def test_one_more_worker_joins_a_running_stack(stack, launch):
    worker = launch()
    worker.command = [*COMMAND, "inference"]
    worker.launch()

    worker.wait_for_line("inference@.* ready")
    worker.stop()

    worker.wait_until_nothing_is_left()
    assert len(stack.everybody()) > 5


def test_ctrl_c_ends_one_more_web_process_without_a_complaint(stack, launch):
    web = launch()
    web.command = [*COMMAND, "web"]
    web.start()

    os.killpg(web.pid, signal.SIGINT)
    web.wait_until_nothing_is_left()

    assert web.exit_code == 0
    assert len(web.output().splitlines()) == 1
    assert "web answers at" in web.output()


def test_own_servers_are_used_and_the_local_model_answers(launch, tmp_path, valkey, postgres):
    if find_spec("xllamacpp") is None:
        missing("xllamacpp", "make run without LOCAL_MODELS=0")
    stack = launch(
        DATA_DIR=str(tmp_path / "data"),
        DATABASE_URL=postgres.new_database(),
        REDIS_URL=valkey.url,
        REDIS_PREFIX="own",
        LOCAL_MODELS="1",
    )
    stack.start()
    stack.wait_complete()

    arrivals = _arrivals(_first_call_of_the_readme().replace("http://127.0.0.1:8080", stack.base))

    tokens = [text for text in arrivals if b'"content":"' in text]
    assert len(tokens) > 3, arrivals
    assert b"".join(arrivals).rstrip().endswith(b"data: [DONE]")
    assert not [p for p in stack.everybody() if "valkey-server" in command_line(p)]
    assert not (tmp_path / "data" / "switchyard.db").exists()
    stack.end()


def test_a_taken_port_is_named(launch, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stack = launch(PORT=str(port), DATA_DIR=str(tmp_path / "data"))
        stack.launch()

        wait_until(lambda: not stack.is_running, 20, "the start to end")

    assert stack.exit_code == 1
    assert f"port {port} on 127.0.0.1 is taken. Set PORT" in stack.output()


def test_ctrl_c_ends_everything_and_the_next_start_finds_all_data(stack, launch):
    _ada(stack)
    stack.end()
    assert stack.exit_code == 0
    begun = time.monotonic()

    again = launch()
    again.start()
    user = _ada(again)
    answer = user.api("POST", "/api/chat/completions", _question(user))

    assert answer.status_code == 200, answer.text
    assert time.monotonic() - begun < 45  # alone on the machine it takes four seconds
    os.kill(again.pid, signal.SIGKILL)
    again.wait_until_nothing_is_left(30)


def _ada(stack: Launched) -> Account:
    """The account of the greeting, signed in."""
    form = {"email": "ada@example.com", "password": "Secret-pw-1!"}
    signed_in = api("POST", f"{stack.base}/api/v1/auths/signin", form).json()
    return Account(stack.base, signed_in["token"], signed_in["id"], *form.values())


def _question(user) -> dict:
    return {"model": user.model(), "messages": [{"role": "user", "content": "hello tokens=3"}]}
