"""The worker's side of the process that speaks MCP; see `mcp_child`."""

import contextlib
import itertools
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from shared.config.settings import get_settings
from shared.ids import new_id
from workers.live import Running
from workers.tools.base import ToolFailed

_PROGRAM = Path(__file__).with_name("mcp_child.py")
# How much longer than the child itself its answer is waited for.
_GRACE_S = 5.0
_GONE_WITHIN_S = 5.0
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


class _Waiting:
    """Who waits for one answer."""

    def __init__(self) -> None:
        self.news = threading.Event()
        self.answer: dict[str, Any] | None = None


class _Child:
    """One process, from its start to its end."""

    def __init__(self) -> None:
        # -P: what lies beside the program are modules of ours, which it must not take for others'.
        self._process = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "-P", "-s", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
        )
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._writing = threading.Lock()
        self.is_over = False
        self._reader = threading.Thread(target=self._read, daemon=True, name="mcp-answers")
        self._reader.start()

    def _read(self) -> None:
        """Hand answers to who waits for them, until the process ends."""
        with contextlib.suppress(BrokenPipeError), self._process:
            for line in self._process.stdout or ():
                told = json.loads(line)
                waiting = self._waiting.get(told.pop("id"))
                if waiting is not None:
                    waiting.answer = told
                    waiting.news.set()
            self.is_over = True
        for one in list(self._waiting.values()):
            one.news.set()

    def ask(self, job: Running, told: dict[str, Any]) -> Any:
        """Let it do something, and wait.

        Raises:
            ToolFailed: It did not work.
            BrokenPipeError: The process is over.
            Stopped: The job has to end.
        """
        number, waiting = next(self._numbers), _Waiting()
        self._waiting[number] = waiting
        try:
            with job.abortable(waiting.news.set):
                self._write({**told, "id": number})
                waiting.news.wait(told["within_s"] + _GRACE_S)
        finally:
            del self._waiting[number]
            if waiting.answer is None:
                self.tell({"op": "cancel", "id": number})
        if waiting.answer is None and self.is_over:
            raise BrokenPipeError
        if waiting.answer is None:
            raise ToolFailed("It did not answer.")
        if "error" in waiting.answer:
            raise ToolFailed(waiting.answer["error"])
        return waiting.answer["value"]

    def tell(self, told: dict[str, Any]) -> None:
        """Let it do something that nobody waits for."""
        with contextlib.suppress(BrokenPipeError):
            self._write({"id": next(self._numbers), **told})

    def _write(self, told: dict[str, Any]) -> None:
        line = json.dumps(told).encode() + b"\n"
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 -- for the type checker: it is a pipe
        try:
            with self._writing:
                pipe.write(line)
                pipe.flush()
        except (OSError, ValueError) as error:  # ValueError: it was closed
            raise BrokenPipeError from error

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self._process.kill()
        self._reader.join(_GONE_WITHIN_S)


class _Beside:
    """The process beside this one; started when it is needed."""

    def __init__(self) -> None:
        self._child: _Child | None = None
        self._starting = threading.Lock()

    def child(self) -> _Child:
        with self._starting:
            if self._child is None or self._child.is_over:
                self._child = _Child()
            return self._child

    def end(self) -> None:
        if self._child is not None:
            self._child.end()


_beside = _Beside()


def end() -> None:
    """Kill the process beside this one, if there is one."""
    _beside.end()


class MCPSession:
    """A connection to one server of tools, held by the process beside this one.

    Args:
        bearer: What is sent to the server; empty for nothing.
    """

    def __init__(self, url: str, bearer: str) -> None:
        self._url = url
        self._headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        self._id = new_id()
        self._opening, self._is_open = threading.Lock(), False
        self._child: _Child | None = None

    def open(self, job: Running) -> dict[str, Any]:
        """Connect; gives `title` and `description` of the server.

        Raises:
            ToolFailed: It does not work.
            Stopped: The job has to end.
        """
        about = {"session": self._id, "url": self._url, "headers": self._headers}
        within_s = get_settings().tool_server_connect_timeout_s
        wanted = {"op": "open", "within_s": within_s, **about}
        try:
            found = self._ask(job, wanted)
        except BrokenPipeError:  # it has just ended, because nobody needed it
            found = self._ask(job, wanted)
        return dict(found)

    def _ask(self, job: Running, wanted: dict[str, Any]) -> Any:
        self._is_open = False  # until it is: the next call tries again
        self._child = _beside.child()
        found = self._child.ask(job, wanted)
        self._is_open = True
        return found

    def functions(self, job: Running) -> list[dict[str, Any]]:
        """List what the server offers; errors as those of `open`."""
        return list(self._used(job, {"op": "list"}))

    def call(self, job: Running, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call a function; gives `pieces`, `structured` and `is_error`; errors as of `open`."""
        return dict(self._used(job, {"op": "call", "name": name, "arguments": arguments}))

    def _used(self, job: Running, wanted: dict[str, Any]) -> Any:
        with self._opening:
            if self._child is None or self._child.is_over or not self._is_open:
                self.open(job)
        assert self._child is not None  # noqa: S101 -- for the type checker: it is open
        wanted |= {"session": self._id, "within_s": get_settings().tool_timeout_s}
        try:
            return self._child.ask(job, wanted)
        except BrokenPipeError:
            raise ToolFailed("The connection is lost.") from None

    def close(self) -> None:
        """End the connection; nobody waits for it."""
        if self._child is not None:
            self._child.tell({"op": "close", "session": self._id})
