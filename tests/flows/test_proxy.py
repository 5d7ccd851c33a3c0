"""Behind nginx as deploy/nginx has it: streams arrive as they are written, sockets open."""

import ssl
from collections.abc import Iterator

import httpx
import pytest

from tests.fakes.openai_server import answer_for
from tests.services.client import Account, api
from tests.services.nginx import Nginx
from tests.services.stack import Stack
from tests.services.waiting import wait_until

STACK = {"web": 2, "env": {"TRUSTED_PROXIES": "1", "METRICS_TOKEN": "of the tests"}}
# Takes four seconds: what is buffered comes at the end of them.
SLOW = "delay=50 tokens=80"


@pytest.fixture(scope="module")
def proxy(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), stack.bases)
    yield nginx.start()
    nginx.process.kill()


@pytest.fixture(scope="module")
def outside(proxy: Nginx, alice: Account) -> Account:
    """The file's user, as one who comes through the proxy."""
    return alice.at(proxy.base)


def test_events_arrive_while_the_answer_is_written(outside: Account):
    job = outside.ask(SLOW)

    reader = outside.reader(job)
    wait_until(lambda: reader.deltas >= 3, 10, "the first events")

    assert outside.job(job)["status"] == "running"
    reader.finish(20)
    reader.assert_unbroken()
    assert reader.text == answer_for(SLOW)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/ollama/api/chat"])
def test_other_streams_arrive_while_the_answer_is_written(
    proxy: Nginx, outside: Account, path: str
):
    messages = [{"role": "user", "content": SLOW}]
    body = {"model": outside.model(), "messages": messages, "stream": True}
    url, trusted = outside.base + path, ssl.create_default_context(cafile=proxy.authority)
    running = []

    with httpx.stream(
        "POST", url, json=body, headers=outside.headers, verify=trusted, timeout=20
    ) as answer:
        for line in answer.iter_lines():
            if line and len(running) < 3:
                running.append(outside.job(answer.headers["x-job-id"])["status"])

    assert answer.status_code == 200
    assert running == ["running"] * 3


def test_a_socket_opens_and_events_arrive_over_it(outside: Account, open_socket):
    job = outside.ask(SLOW)

    socket = open_socket(outside)
    socket.subscribe(job)
    while len(socket.events[job]) < 3:
        socket.read()

    assert outside.job(job)["status"] == "running"
    while not socket.is_done(job):
        socket.read()
    assert socket.text(job) == answer_for(SLOW)


def test_a_large_upload_gets_through(outside: Account):
    form = {"file": ("large.bin", b"\0" * 3_000_000, "application/octet-stream")}

    answer = outside.api("POST", "/api/v1/files/?process=false", files=form)

    assert answer.status_code == 200, answer.text


def test_who_comes_without_tls_is_sent_to_it(proxy: Nginx):
    answer = api("GET", f"http://127.0.0.1:{proxy.plain_port}/health")

    assert answer.status_code == 301
    assert answer.headers["location"] == "https://127.0.0.1/health"


def test_counts_are_not_for_the_world(stack: Stack, outside: Account):
    headers = {"Authorization": "Bearer of the tests"}

    assert api("GET", f"{stack.base}/metrics", headers=headers).status_code == 200
    assert api("GET", f"{outside.base}/metrics", headers=headers).status_code == 404


def test_nobody_notices_that_a_web_process_is_away(stack: Stack, outside: Account):
    stack.web[1].kill()

    statuses = [outside.api("GET", "/api/v1/auths/").status_code for _ in range(6)]

    stack.web[1].start()
    assert statuses == [200] * 6
