"""Fake servers as processes: started on a free port, ended with the test."""

import argparse
import asyncio
import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any, Self

from tests.fakes.server import Connection, Server

_ROOT = Path(__file__).parents[2]


class FakeProcess:
    """A fake server in a process of its own, for the time of a `with` block.

    It ends with the process that started it, however that ends.

    Args:
        words: Steering words that hold for everyone, see `script.py`; `key` asks for a bearer key.
    """

    module = ""
    path = ""

    def __init__(self, **words: Any) -> None:
        self._options = words
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Start the process and wait until it listens."""
        command = [sys.executable, "-m", self.module, "--port", str(self.port), "--tied"]
        command += ["--words", json.dumps(self._options)]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._process.stdout.readline().rpartition(":")[2])
        return self

    def stop(self) -> None:
        """Kill the process; `start` brings it back on the same port."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None

    @property
    def pid(self) -> int:
        """Pid of the process."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def root(self) -> str:
        """Address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Address that a connection is configured with."""
        return self.root + self.path

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        """Give the requests received, oldest first."""
        return self._call(f"/__log?since={since}")

    def stats(self) -> dict[str, Any]:
        """Give the counters."""
        return self._call("/__stats")

    def control(self, **words: Any) -> None:
        """Set steering words for everyone; None takes one back."""
        self._call("/__control", words)

    def reset(self) -> None:
        """Forget log, counters and words."""
        self._call("/__reset", {})

    @property
    def open_streams(self) -> int:
        """How many answers are being streamed, or hang."""
        return int(self.stats()["open_streams"])

    def asked(self, question: str) -> int:
        """How often exactly this question was asked."""
        return sum(record.get("question") == question for record in self.log())

    def _call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.root + path, data, timeout=10) as answer:
            return json.load(answer)


def run(kind: type[Server]) -> None:
    """Be such a process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--words", type=json.loads, default={}, help="steering words as JSON")
    parser.add_argument("--tied", action="store_true", help="end when standard input ends")
    options = parser.parse_args()
    try:
        asyncio.run(_serve(kind, options))
    except KeyboardInterrupt:
        return


async def _serve(kind: type[Server], options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    words = dict(options.words)
    fake = kind(loop, key=words.pop("key", ""), words=words)
    listener = await loop.create_server(
        lambda: Connection(fake), options.host, options.port, backlog=2048
    )
    port = listener.sockets[0].getsockname()[1]
    sys.stdout.write(f"{kind.__name__} on http://{options.host}:{port}\n")
    sys.stdout.flush()
    if options.tied:
        await loop.run_in_executor(None, sys.stdin.read)
        listener.close()
    else:
        await listener.serve_forever()
