"""The door to the network: opens connections for a plugin's process, which can open none.

A connection leads to a number that was checked a moment before, as for any address that a user
gives (`shared.addresses`), and never to a service of ours, whatever is allowed beside that.
"""

import contextlib
import os
import socket
import threading
from typing import Any
from urllib.parse import urlsplit

import orjson

from shared import addresses
from shared.config.settings import get_settings

_CONNECT_S = 10.0
_LONGEST_QUESTION = 4096
# A plugin may send a line that takes no answer.
_ANSWER_S = 5.0
# Questions of one plugin at the same time.
_MOST_AT_ONCE = 16
_SERVICES = ("redis_url", "broker_url", "sqlalchemy_url", "qdrant_uri", "local_models_url")
_USUAL_PORTS = {"redis": 6379, "rediss": 6379, "postgresql+psycopg": 5432, "amqp": 5672}


class _Refused(Exception):
    """Not through this door; says why."""


class Door:
    """Answers one process until it is gone."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._room = threading.BoundedSemaphore(_MOST_AT_ONCE)

    def open(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self._serve, daemon=True, name="plugin-door").start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, handles, _, _ = socket.recv_fds(self._line, _LONGEST_QUESTION, 4)
                lines = [line for handle in handles if (line := _line(handle)) is not None]
                if not data:
                    return
                self._begin(data, lines)

    def _begin(self, data: bytes, lines: list[socket.socket]) -> None:
        if len(lines) == 1 and self._room.acquire(timeout=_CONNECT_S):
            work = threading.Thread(target=self._answer, args=(data, lines[0]), daemon=True)
            work.start()
        else:
            for line in lines:
                line.close()

    def _answer(self, data: bytes, line: socket.socket) -> None:
        try:
            with line, contextlib.suppress(OSError):
                _reply(line, data)
        finally:
            self._room.release()


def _line(handle: int) -> socket.socket | None:
    """Take over what a plugin has sent to be answered on; what is no socket is closed."""
    try:
        line = socket.socket(fileno=handle)
    except OSError:
        os.close(handle)
        return None
    line.settimeout(_ANSWER_S)
    return line


def _reply(line: socket.socket, data: bytes) -> None:
    opened: list[socket.socket] = []
    try:
        answer = _answered(orjson.loads(data), opened)
    except _Refused as refused:
        answer = {"error": str(refused)}
    except addresses.AddressRefused:
        answer = {"error": "plugins may not open this address"}
    except OSError as error:
        answer = {"error": error.strerror or str(error), "errno": error.errno}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        answer = {"error": "nonsense"}
    try:
        socket.send_fds(line, [orjson.dumps(answer)], [one.fileno() for one in opened])
    finally:
        for one in opened:
            one.close()


def _answered(question: dict[str, Any], opened: list[socket.socket]) -> dict[str, Any]:
    if get_settings().plugins_network == "none":
        raise _Refused("plugins have no network here (PLUGINS_NETWORK)")
    host = str(question["host"])
    if question["op"] == "resolve":
        return {"numbers": addresses.resolve(host, 0)}
    port = int(question["port"])
    for number in addresses.resolve(host, port):
        require_no_service(number, port)
        failure: OSError | None = None
        try:
            opened.append(socket.create_connection((number, port), _CONNECT_S))
            opened[0].settimeout(None)
            return {"number": number}
        except OSError as error:
            failure = error
    raise failure or OSError("no address")


def require_no_service(number: str, port: int) -> None:
    """Refuse what belongs to this server, even in networks that are allowed."""
    for host, its_port in _services():
        if port == its_port and (host == "" or number in _numbers(host)):
            raise _Refused("plugins may not talk to the services of this server")


def _services() -> list[tuple[str, int]]:
    settings = get_settings()
    urls = [urlsplit(str(getattr(settings, name))) for name in _SERVICES]
    found = [
        (url.hostname, url.port or _USUAL_PORTS.get(url.scheme, 0)) for url in urls if url.hostname
    ]
    return [*found, ("", settings.port), ("", settings.flower_port)]


def _numbers(host: str) -> set[str]:
    with contextlib.suppress(OSError):
        return {str(address[0]) for *_, address in socket.getaddrinfo(host, None)}
    return set()
