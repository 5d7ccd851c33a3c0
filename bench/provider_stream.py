"""What reading a provider's stream costs under gevent: ours, plain httpx, and a bare socket.

    python -m bench.provider_stream [--rounds 3]

Rows of one round are comparable. The bare socket reads and counts without understanding anything:
less is not possible. The fake provider runs in a process of its own and does not count.
"""

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402 -- after the patch
import socket  # noqa: E402 -- after the patch
import statistics  # noqa: E402 -- after the patch
import time  # noqa: E402 -- after the patch
from collections.abc import Callable  # noqa: E402 -- after the patch
from types import SimpleNamespace  # noqa: E402 -- after the patch
from typing import Any  # noqa: E402 -- after the patch

import gevent  # noqa: E402 -- after the patch
import httpx  # noqa: E402 -- after the patch
import orjson  # noqa: E402 -- after the patch

from tests.fakes.openai_server import FakeOpenAI  # noqa: E402 -- after the patch
from workers.providers import provider_for  # noqa: E402 -- after the patch

Ask = Callable[[str], int]
CASES = {
    "paced 50 x 50/s": (50, "tokens=150 delay=20"),
    "paced 300 x 50/s": (300, "tokens=50 delay=20"),
    "flood 20 x 2000": (20, "tokens=2000 delay=0"),
    "flood 20 x 2000, 8 a send": (20, "tokens=2000 delay=0 group=8"),
    "1 token, 20 at once": (20, "tokens=1 delay=0"),
}


def body(question: str) -> dict[str, Any]:
    return {"model": "fake-alpha", "messages": [{"role": "user", "content": question}]}


def readers(url: str) -> dict[str, Ask]:
    """Give the ways of reading: each asks and tells how many texts it got."""
    provider = provider_for(SimpleNamespace(kind="openai", url=url, key="sk-bench"))
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    client = httpx.Client(limits=limits, timeout=60)

    def events(question: str) -> int:
        return sum("text" in data for _, data in provider.stream(body(question)))

    def batches(question: str) -> int:
        stream = provider.stream(body(question))
        return sum("text" in data for batch in stream.batches() for _, data in batch)

    def plain(question: str) -> int:
        asked = {**body(question), "stream": True}
        count = 0
        with client.stream("POST", f"{url}/chat/completions", json=asked) as response:
            for line in response.iter_lines():
                if line.startswith("data: {"):
                    choices = orjson.loads(line[6:])["choices"]
                    count += "content" in choices[0]["delta"]
        return count - 1  # the first is empty

    def bare(question: str) -> int:
        asked = orjson.dumps({**body(question), "stream": True})
        address = httpx.URL(url)
        count, data = 0, b""
        with socket.create_connection((address.host, address.port)) as sock:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(asked)}\r\n\r\n"
            sock.sendall(head.encode() + asked)
            while b"[DONE]" not in data:
                data = data[-6:] + sock.recv(65536)
                count += data.count(b"data: {")
        return count - 2  # the first and the last have no text

    return {"events": events, "batches": batches, "httpx": plain, "bare socket": bare}


def measure(ask: Ask, streams: int, question: str) -> tuple[float, float]:
    """Run streams together.

    Returns:
        CPU microseconds per chunk, chunks per second.
    """
    cpu, start = time.process_time(), time.monotonic()
    jobs = [gevent.spawn(ask, f"{question} number {n}") for n in range(streams)]
    gevent.joinall(jobs, raise_error=True)
    cpu, took = time.process_time() - cpu, time.monotonic() - start
    chunks = sum(job.value for job in jobs)
    wanted = streams * (int(question.partition("tokens=")[2].split()[0]) + 2)
    assert chunks == wanted, f"{chunks} chunks instead of {wanted}"
    return cpu / chunks * 1e6, chunks / took


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", default="", help="only cases whose names hold this")
    options = parser.parse_args()
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with FakeOpenAI() as server:
        ways = readers(server.url)
        for way in ways.values():
            measure(way, 50, "tokens=5 delay=0 warm up")
        for _ in range(options.rounds):
            for case, (streams, question) in CASES.items():
                for name, ask in ways.items() if options.case in case else ():
                    result = measure(ask, streams, question)
                    found.setdefault((case, name), []).append(result)
    print(f"{'case':<28}{'reader':<13}{'CPU us/chunk':>14}{'best':>8}{'chunks/s':>12}")
    for (case, name), results in found.items():
        costs = [cost for cost, _ in results]
        rate = statistics.median(rate for _, rate in results)
        print(
            f"{case:<28}{name:<13}{statistics.median(costs):>14.1f}{min(costs):>8.1f}{rate:>12.0f}"
        )


if __name__ == "__main__":
    main()
