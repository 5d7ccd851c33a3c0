"""Stories that happen in a process patched by gevent, as in the inference worker.

    python -m tests.workers.providers.under_gevent STORY

Each prints what it saw as JSON; `test_under_gevent.py` judges it.
"""

from gevent import monkey

monkey.patch_all()

import itertools  # noqa: E402 -- after the patch
import json  # noqa: E402 -- after the patch
import os  # noqa: E402 -- after the patch
import socket  # noqa: E402 -- after the patch
import sys  # noqa: E402 -- after the patch
import tempfile  # noqa: E402 -- after the patch
import time  # noqa: E402 -- after the patch
from pathlib import Path  # noqa: E402 -- after the patch
from typing import Any  # noqa: E402 -- after the patch

import gevent  # noqa: E402 -- after the patch

from shared.services.connections import Connection  # noqa: E402 -- after the patch
from tests.fakes.openai_server import FakeOpenAI, answer_for  # noqa: E402 -- after the patch
from tests.fakes.raw import RawServer, waits  # noqa: E402 -- after the patch
from tests.fakes.tls import Authority  # noqa: E402 -- after the patch
from tests.services.waiting import wait_until  # noqa: E402 -- after the patch
from tests.workers.providers.asking import KEY, PATIENT, Reading, chat, text  # noqa: E402 -- after
from workers.providers.base import Timeouts  # noqa: E402 -- after the patch
from workers.providers.openai import OpenAIProvider  # noqa: E402 -- after the patch

HABITS = ("", "slice=3 utf8=1", "split=1", "gzip=1", "linger=1", "http10=1", "longline=1048576")
STAGES = (*("hang_head=1", "hang=0", "hang=2", "endless=1 delay=20") * 8, "endless=1")


def provider_at(url: str, timeouts: Timeouts = PATIENT) -> OpenAIProvider:
    return OpenAIProvider(Connection("openai", 0, url, KEY), timeouts)


def habits(server: FakeOpenAI) -> list[str]:
    """Read answers of every framing; tell which came out wrong."""
    provider = provider_at(server.url)
    wrong = []
    for habit in HABITS:
        question = f"tell me tokens=5 {habit}"
        said = text(list(provider.stream(chat(question)))).replace("x" * 1_048_576 + " ", "")
        if said != answer_for(question):
            wrong.append(habit)
    return wrong


def many(server: FakeOpenAI) -> dict[str, Any]:
    """Read 300 answers at once."""
    provider = provider_at(server.url)
    questions = [f"tell me tokens=20 delay=20 number {n}" for n in range(300)]
    start = time.monotonic()
    readings = [Reading(provider.stream(chat(question))) for question in questions]
    texts = [text(reading.join(20).events) for reading in readings]
    return {
        "whole": sum(said == answer_for(q) for said, q in zip(texts, questions, strict=True)),
        "seconds": time.monotonic() - start,
        "peak": server.stats()["peak_streams"],
    }


def aborts(server: FakeOpenAI) -> dict[str, Any]:
    """Abort answers at every stage; tell what their readers and the server saw, and how soon."""
    provider = provider_at(server.url, Timeouts(5, 60, 60, 60))
    streams = [provider.stream(chat(stage)) for stage in STAGES]
    readings = [Reading(stream) for stream in streams]
    wait_until(lambda: server.open_streams == len(streams), 10, "all answers to begin")
    delays, closings = [], []
    for stream, reading in zip(streams, readings, strict=True):
        before = server.stats()["aborted"]
        start = time.monotonic_ns()
        stream.abort()
        reading.join()
        wait_until(lambda n=before: server.stats()["aborted"] > n, 5, "the server to see it", 0.002)
        delays.append((reading.ended_ns - start) / 1e6)
        closings.append((server.stats()["closed_ns"][-1] - start) / 1e6)
    return {
        "errors": sorted({type(reading.error).__name__ for reading in readings}),
        "reader_ms": sorted(delays),
        "server_ms": sorted(closings),
    }


def connecting(_server: FakeOpenAI) -> dict[str, Any]:
    """Abort while the connection is being made, and give up when it takes too long."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        stream = provider_at(url).stream(chat("tell me"))
        reading = Reading(stream)
        gevent.idle()
        start = time.monotonic()
        stream.abort()
        reading.join()
        took = time.monotonic() - start
        late = Reading(provider_at(url, Timeouts(0.1, 1, 1, 1)).stream(chat("tell me"))).join()
    return {"error": type(reading.error).__name__, "seconds": took, "late": str(late.error)}


def deadlines(server: FakeOpenAI) -> list[str]:
    """Run into the deadlines for first byte, next byte and the whole."""
    hasty = provider_at(server.url, Timeouts(1, 0.1, 0.1, 0.5))
    stages = ("hang_head=1", "hang=0", "hang=2", "endless=1", "endless=1 delay=5")
    readings = [Reading(hasty.stream(chat(f"tell me {stage}"))) for stage in stages]
    errors = [type(reading.join().error).__name__ for reading in readings]
    wait_until(lambda: server.open_streams == 0, 2, "all connections to be closed")
    return errors


def fairness(server: FakeOpenAI) -> dict[str, Any]:
    """Read two floods; tell how long others had to wait meanwhile."""
    provider = provider_at(server.url, Timeouts(1, 10, 10, total_s=1))
    readings = [Reading(provider.stream(chat(f"endless=1 group=50 {n}"))) for n in range(2)]
    turns = [time.monotonic()]

    def is_over() -> bool:
        turns.append(time.monotonic())
        return all(reading.ended_ns for reading in readings)

    wait_until(is_over, 10, "the floods to end", every_s=0.001)
    longest = max(later - sooner for sooner, later in itertools.pairwise(turns))
    return {"longest_gap": longest, "events": min(len(reading.events) for reading in readings)}


def killed(server: FakeOpenAI) -> dict[str, Any]:
    """Kill the greenlet that reads."""
    provider = provider_at(server.url)

    def read() -> None:
        stream = provider.stream(chat("tell me hang=2"))
        try:
            list(stream)
        finally:
            stream.close()

    greenlet = gevent.spawn(read)
    wait_until(lambda: server.open_streams == 1, 5, "the answer to begin")
    greenlet.kill()
    wait_until(lambda: server.open_streams == 0, 2, "the connection to be closed")
    return {"aborted": server.stats()["aborted"]}


def tls(_server: FakeOpenAI) -> dict[str, Any]:
    """Wait for an answer over TLS, and abort it."""
    authority = Authority(Path(tempfile.mkdtemp()))
    os.environ["SSL_CERT_FILE"] = str(authority.path)
    body = b'data: {"choices": [{"delta": {"content": "secret"}}]}\n\n'
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def begins(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(head + b"%x\r\n%b\r\n" % (len(body), body))
        waits(sock)

    with RawServer(begins, tls=authority.server_context()) as server:
        stream = provider_at(server.url).stream(chat("tell me"))
        reading = Reading(stream)
        wait_until(lambda: text(reading.events), 5, "the first word")
        start = time.monotonic()
        stream.abort()
        reading.join()
        took = time.monotonic() - start
        closed = server.handled.acquire(timeout=2)
    error = type(reading.error).__name__
    return {"text": text(reading.events), "error": error, "seconds": took, "closed": closed}


STORIES = (habits, many, aborts, connecting, deadlines, fairness, killed, tls)


def main() -> None:
    story = {each.__name__: each for each in STORIES}[sys.argv[1]]
    with FakeOpenAI(delay=0) as server:
        sys.stdout.write(json.dumps(story(server)))


if __name__ == "__main__":
    main()
