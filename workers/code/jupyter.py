"""A Jupyter server: a kernel of its own for every piece of code, gone when that has run.

Source: https://jupyter-server.readthedocs.io/en/latest/developers/websocket-protocols.html,
https://jupyter-client.readthedocs.io/en/stable/messaging.html (messages), and jupyter-server's
`auth/login.py` (what signing in with a password takes).
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from shared.config.options import option
from shared.errors import Forbidden, Invalid, SwitchyardError, Unavailable
from shared.ids import new_id
from workers import servers

_TICK_S = 0.5
_QUICK_S = 30.0
_MOST_CHARACTERS = 1_000_000
_MOST_PICTURES = 20
_LARGEST_MESSAGE = 32 * 1024 * 1024
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LATE = "The code was stopped: it ran for more than {:g} seconds.\n"
_DIED = "The kernel has died.\n"
_DEAD = ("restarting", "autorestarting", "dead")
PICTURE = "data:image/png;base64,"

Check = Callable[[], None]


@dataclass(frozen=True)
class Server:
    """A Jupyter server as an admin has configured it.

    Attributes:
        auth: "", "token" or "password".
        timeout_s: How long a piece of code may run.
    """

    url: str
    auth: str
    token: str
    password: str
    timeout_s: float


@dataclass
class Output:
    """What a piece of code has said; pictures are lines of `result`, as data URIs."""

    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    result: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, place: list[str], text: str) -> None:
        """Take a piece, as long as there is room."""
        room = _MOST_CHARACTERS - self.size
        self.size += len(text)
        if room > 0:
            place.append(text[:room])

    def add_picture(self, data: str) -> None:
        """Take a picture, in base64; there is room for some."""
        if sum(line.startswith(PICTURE) for line in self.result) < _MOST_PICTURES:
            self.result.append(PICTURE + "".join(data.split()))

    def as_json(self) -> dict[str, str]:
        """Write it as the contract does."""
        return {
            "stdout": "".join(self.stdout).strip("\n"),
            "stderr": "".join(self.stderr).strip("\n"),
            "result": "\n".join(self.result).strip("\n"),
        }


def configured(name: str) -> Server:
    """Read the options of a server.

    Args:
        name: "CODE_EXECUTION" or "CODE_INTERPRETER".

    Raises:
        Invalid: It has no address.
    """
    url = str(option(f"{name}_JUPYTER_URL")).rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise Invalid(f"No code can be run: {name}_JUPYTER_URL is not set.")
    return Server(
        url,
        option(f"{name}_JUPYTER_AUTH"),
        option(f"{name}_JUPYTER_AUTH_TOKEN"),
        option(f"{name}_JUPYTER_AUTH_PASSWORD"),
        float(option(f"{name}_JUPYTER_TIMEOUT")),
    )


def run(server: Server, code: str, check: Check) -> dict[str, str]:
    """Run a piece of Python.

    Args:
        check: Called twice a second; what it raises ends the run.

    Returns:
        `stdout`, `stderr` and `result`; what the code itself does wrong stands in `stderr`.

    Raises:
        Invalid, Forbidden, Unavailable: The server does not do it.
    """
    headers = _entered(server)
    with _kernel(server, headers) as kernel:
        return _Run(server, kernel, headers).output_of(code, check).as_json()


def _entered(server: Server) -> dict[str, str]:
    """Give the headers that let us in.

    Raises:
        Forbidden: The password is wrong.
    """
    if server.auth == "token":
        return {"authorization": f"token {server.token}"}
    if server.auth != "password":
        return {}
    first = servers.send(f"{server.url}/login", timeout_s=_QUICK_S)
    xsrf = first.cookies.get("_xsrf") or ""
    answer = servers.send(
        f"{server.url}/login",
        urlencode({"_xsrf": xsrf, "password": server.password}),
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "cookie": f"_xsrf={xsrf}",
        },
        timeout_s=_QUICK_S,
    )
    jar = {"_xsrf": xsrf, **dict(answer.cookies)}
    if len(jar) == 1:
        raise Forbidden("The Jupyter server does not accept the password.")
    cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
    return {"cookie": cookies, "x-xsrftoken": jar["_xsrf"]}


@contextmanager
def _kernel(server: Server, headers: dict[str, str]) -> Iterator[str]:
    """Have a kernel for the time of a block; gives its id."""
    address = f"{server.url}/api/kernels"
    made = servers.ask(address, {}, headers=headers, timeout_s=_QUICK_S)
    kernel = str(made.get("id") if isinstance(made, dict) else "")
    if not kernel:
        raise Unavailable("The Jupyter server has started no kernel.")
    try:
        yield kernel
    finally:
        with suppress(SwitchyardError):  # it ends with the server, or by its culling
            servers.send(
                f"{address}/{kernel}", method="DELETE", headers=headers, timeout_s=_QUICK_S
            )


def _connected(address: str, headers: dict[str, str]) -> Any:
    from simple_websocket import Client  # noqa: PLC0415 -- only needed here

    class WithPort(Client):  # type: ignore[misc]  # the library has no types
        """Names the port as well: Jupyter's cookies are called after host and port."""

        def handshake(self) -> None:
            self.host = urlsplit(address).netloc
            super().handshake()

    return WithPort(address, headers=headers, max_message_size=_LARGEST_MESSAGE)


class _Run:
    """One piece of code in one kernel."""

    def __init__(self, server: Server, kernel: str, headers: dict[str, str]) -> None:
        self._server, self._headers = server, headers
        self._session, self._id = new_id(), new_id()
        query = urlencode({"session_id": self._session})
        self._address = f"ws{server.url.removeprefix('http')}/api/kernels/{kernel}/channels?{query}"
        self._output = Output()

    def output_of(self, code: str, check: Check) -> Output:
        """Run code.

        Raises:
            Unavailable: The kernel does not answer.
        """
        from simple_websocket import (  # noqa: PLC0415 -- only needed here
            ConnectionClosed,
            ConnectionError,
        )

        try:
            client = _connected(self._address, self._headers)
        except (OSError, ConnectionError, ConnectionClosed) as error:
            raise Unavailable("The kernel of the Jupyter server cannot be reached.") from error
        try:
            client.send(orjson.dumps(self._request(code)).decode())
            self._read(client, check)
        except ConnectionClosed as error:
            raise Unavailable("The Jupyter server has closed the connection.") from error
        finally:
            with suppress(ConnectionClosed):  # it was faster
                client.close()
        return self._output

    def _request(self, code: str) -> dict[str, Any]:
        header = {
            "msg_id": self._id,
            "msg_type": "execute_request",
            "session": self._session,
            "username": "",
            "date": datetime.now(UTC).isoformat(),
            "version": "5.3",
        }
        content = {
            "code": code,
            "silent": False,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        rest: dict[str, Any] = {"parent_header": {}, "metadata": {}, "buffers": []}
        return {"channel": "shell", "header": header, "content": content, **rest}

    def _read(self, client: Any, check: Check) -> None:
        """Read until the kernel has nothing more to do, or its time is up."""
        deadline = time.monotonic() + self._server.timeout_s
        while time.monotonic() < deadline:
            check()
            frame = client.receive(timeout=_TICK_S)
            if isinstance(frame, str) and self._is_last(orjson.loads(frame)):
                return
        self._output.stderr.append(_LATE.format(self._server.timeout_s))

    def _is_last(self, message: dict[str, Any]) -> bool:
        """Take a message; whether it says that the code has run."""
        kind, content = message["header"]["msg_type"], message.get("content") or {}
        if kind == "status" and content.get("execution_state") in _DEAD:
            self._output.stderr.append(_DIED)
            return True
        if (message.get("parent_header") or {}).get("msg_id") != self._id:
            return False
        if kind == "status":
            return bool(content.get("execution_state") == "idle")
        self._take(kind, content)
        return False

    def _take(self, kind: str, content: dict[str, Any]) -> None:
        output = self._output
        if kind == "stream":
            is_error = content.get("name") == "stderr"
            output.add(output.stderr if is_error else output.stdout, str(content.get("text", "")))
        elif kind in ("execute_result", "display_data"):
            data = content.get("data") or {}
            if "image/png" in data:
                output.add_picture(str(data["image/png"]))
            elif "text/plain" in data:
                output.add(output.result, str(data["text/plain"]))
        elif kind == "error":
            lines = "\n".join(str(line) for line in content.get("traceback") or ())
            output.add(output.stderr, _COLOURS.sub("", lines) + "\n")
