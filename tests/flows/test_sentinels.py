"""Redis behind Sentinels, in clear and with TLS: answers are written, Flower shows them, and both
follow when another server takes over. One server with TLS does as well.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.fakes.openai_server import answer_for
from tests.services.client import Account, signup
from tests.services.process import Process
from tests.services.redis_tls import RedisTLS
from tests.services.sentinel import ReplicatedValkey
from tests.services.stack import ROOT, Stack, procfile, shell
from tests.services.valkey import Valkey
from tests.services.waiting import listens, wait_until

LOGIN = ("operator", "a password for tests")
_LOST = (r"Connection", r"RedisError", r"TimeoutError", r"READONLY")


@pytest.fixture(params=["clear", "tls"])
def servers(request: pytest.FixtureRequest, tmp_path) -> Iterator[ReplicatedValkey]:
    tls = RedisTLS(tmp_path / "tls") if request.param == "tls" else None
    made = ReplicatedValkey(tmp_path / "valkey", tls)
    yield made
    made.close()


@pytest.fixture
def start_flower() -> Iterator[Callable[[Stack], str]]:
    made: list[Process] = []

    def start(stack: Stack) -> str:
        port = int(stack.env["FLOWER_PORT"])
        command, log = shell(procfile()["flower"]), stack.folder / "flower.log"
        made.append(Process("flower", command, stack.env, log, ROOT, lambda _: listens(port)))
        made[-1].start()
        return f"http://127.0.0.1:{port}"

    yield start
    for flower in made:
        flower.kill()


def _shows(flower: str, path: str, words: str) -> bool:
    try:
        answer = httpx.get(flower + path, auth=LOGIN, timeout=20)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200 and words in answer.text


def _answered(alice: Account, question: str) -> str:
    job = alice.ask(question, alice.model())
    reader = alice.follow(job)
    reader.assert_unbroken()
    assert (reader.end, reader.text) == ("completed", answer_for(question))
    return job


def test_answers_and_flower_follow_the_primary(new_stack, servers, start_flower):
    stack: Stack = new_stack(valkey=servers, env={"FLOWER_PASSWORD": LOGIN[1]}, allowed=_LOST)
    flower = start_flower(stack)
    alice = signup(stack.base, "Alice")
    wait_until(lambda: _shows(flower, "/api/workers?refresh=1", "inference1@"), 30, "the worker")
    before = _answered(alice, "before delay=0")
    wait_until(lambda: _shows(flower, "/api/tasks", before), 20, "the first task")

    old = servers.primary()
    servers.fail_over()
    wait_until(lambda: servers.primary() is not old, 60, "the replica to take over")

    asked: list[str] = []

    def is_another_shown() -> bool:
        asked.append(_answered(alice, "after delay=0"))
        return any(_shows(flower, "/api/tasks", job) for job in asked)

    # Again and again: what is told while Flower connects anew it never hears of.
    wait_until(is_another_shown, 60, "a second task", every_s=1)
    assert _shows(flower, "/broker", "interactive")
    worker = next(iter(httpx.get(f"{flower}/api/workers", auth=LOGIN, timeout=20).json()))
    paths = ("/broker", "/", f"/worker/{worker}", "/api/workers?refresh=1")
    pages = [httpx.get(flower + path, auth=LOGIN, timeout=20).text for path in paths]
    assert not [page for page in pages if "of the" in page or "of%20the" in page]


def test_one_server_with_tls_serves_all(new_stack, tmp_path):
    server = Valkey(
        tmp_path / "valkey", ["--requirepass", "secret"], "secret", RedisTLS(tmp_path / "tls")
    )
    stack: Stack = new_stack(valkey=server)

    _answered(signup(stack.base, "Alice"), "over TLS delay=0")


def _connects(url: str) -> bool:
    code = "from shared.broker import celery; celery().connection().default_channel.client.ping()"
    env = {**os.environ, "REDIS_URL": url}
    command = [sys.executable, "-c", code]
    return (
        subprocess.run(command, env=env, cwd=ROOT, capture_output=True, check=False).returncode == 0
    )


def test_a_server_with_a_strangers_certificate_is_not_woken_by(tmp_path):
    """Celery's own way would take any certificate, and tell its owner the password."""
    tls = RedisTLS(tmp_path / "tls")
    server = Valkey(tmp_path / "valkey", ["--requirepass", "secret"], "secret", tls).start()
    try:
        found = _connects(server.url), _connects(server.url.partition("?")[0])
    finally:
        server.close()

    assert found == (True, False)
