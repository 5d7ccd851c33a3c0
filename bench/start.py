"""Measures a start of everything, as `make run` does it when there is nothing to install."""

import socket
import time
from pathlib import Path

from bench import meter
from bench.load import wire
from bench.load.doors import TOKEN
from bench.measures import Numbers
from bench.server import Switchyard

_REST_S = 6.0


class Starts:
    """Starts one data folder again and again.

    Args:
        folder: Its place.
        provider_url: The fake provider's, with `/v1`.
    """

    def __init__(self, folder: Path, provider_url: str) -> None:
        self._folder, self._provider_url = folder, provider_url
        self._token = self._model = ""

    def measure(self) -> Numbers:
        """Start, ask, rest, weigh, end."""
        server = Switchyard(self._folder, self._provider_url)
        if not self._token:
            self._prepare(server)
        begin = time.monotonic()
        server.start()
        try:
            _wait_for_word(server, self._token, self._model)
            took = time.monotonic() - begin
            server.wait_ready()
            time.sleep(_REST_S)
            return {"start_s": took, **_weigh(server)}
        finally:
            server.stop()

    def _prepare(self, server: Switchyard) -> None:
        """Make the data that a second start finds."""
        server.start()
        try:
            server.wait_ready()
            self._token = server.sign_up()
            self._model = server.first_model(self._token)
            _wait_for_word(server, self._token, self._model)
        finally:
            server.stop()


def _wait_for_word(server: Switchyard, token: str, model: str) -> None:
    """Ask until there is somebody who answers, and read up to the first word."""
    asked = f"Start {time.monotonic_ns()}: stamp=1 say=word"
    body = {"model": model, "messages": [{"role": "user", "content": asked}], "stream": True}
    request = wire.post(f"127.0.0.1:{server.port}", "/api/chat/completions", body, token)
    end = time.monotonic() + 60
    while not TOKEN.search(_try(server.port, request)):
        if time.monotonic() > end:
            raise RuntimeError(f"no word in 60 s, see {server.log}")
        time.sleep(0.01)


def _try(port: int, request: bytes) -> bytes:
    heard = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as stream:
            stream.sendall(request)
            while not TOKEN.search(heard) and (data := stream.recv(65_536)):
                heard += data
    except OSError:
        return b""
    return heard


def _weigh(server: Switchyard) -> Numbers:
    names = server.processes()
    parts: dict[str, float] = {}
    for pid, name in names.items():
        parts[name] = parts.get(name, 0.0) + meter.pss_mb([pid])
    by_name: Numbers = {f"rest_{name}_mb": value for name, value in sorted(parts.items())}
    return {"rest_mb": sum(parts.values()), **by_name}
