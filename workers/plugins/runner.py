"""One plugin's process as the worker sees it: opened once, then one call after the other."""

import contextlib
import itertools
import logging
import socket
import threading
from collections.abc import Generator
from dataclasses import dataclass
from time import monotonic
from typing import Any

import orjson

from shared.config.settings import get_settings
from shared.errors import Reason
from shared.loose_json import DEEPEST, is_too_deep
from workers.plugins import packages, process
from workers.plugins.base import Code, Listener, PluginFailed
from workers.plugins.door import Door
from workers.plugins.inside import frames, jail
from workers.plugins.questions import Questions

log = logging.getLogger(__name__)

# What one call may tell, before it counts as a flood.
MOST_BYTES, MOST_EVENTS = 64 * 1024 * 1024, 10_000
# How long a plugin may clean up after its call was stopped.
_FAREWELL_S = 1.0
# How often is looked whether a plugin still waits for an answer of ours.
_TICK_S = 0.5


class Dead(Exception):
    """The process cannot be used any more; says why."""


@dataclass(frozen=True)
class Patience:
    """How long a call may take.

    Attributes:
        total_s: In all.
        silence_s: Without telling anything.
    """

    total_s: float
    silence_s: float


class Runner:
    """A process with one plugin in it.

    Attributes:
        version: Of the code.
        description: What it says is in it; see `Plugin.describe`.
        is_fit: Whether it may be called.
        since: When it was last given back, of `monotonic`.
    """

    def __init__(self, code: Code) -> None:
        self.version = code.version
        self.description: dict[str, Any] = {}
        self.is_fit = False
        self.since = monotonic()
        self._code = code
        self._numbers = itertools.count(1)
        self._writing = threading.Lock()
        self._left = 0
        self._questions: Questions | None = None
        self._child = process.start()
        # A deadline belongs to a socket, and that of reading is no concern of who writes.
        self._out = self._child.control.dup()
        Door(self._child.door).open()

    def open(self) -> None:
        """Load the code into the process.

        Raises:
            PluginFailed: It cannot be loaded, or this machine has no jail for it.
        """
        code, child = self._code, self._child
        place = packages.folder_for(code)
        deadline = monotonic() + get_settings().plugins_timeout_s
        self._left = MOST_BYTES
        opening = {"name": code.name, "source": code.source, "packages": place}
        try:
            self._send({"op": "open", "jail": process.plan(child.folder, place), **opening})
            told = self._read(deadline)
        except Dead as dead:
            raise PluginFailed(f"{code.name} cannot be loaded: {dead}") from None
        if told["op"] == "refused":
            log.warning("there is no jail for plugins: %s", told.get("message"))
            words = "This server cannot run plugins safely (PLUGINS_SANDBOX)."
            raise PluginFailed(words, Reason.MISCONFIGURED)
        if told["op"] != "ready":
            raise PluginFailed(f"{code.name} cannot be loaded: {_words(told)}")
        if jail.NAMESPACES in told.get("held", ()):
            child.drop_folder()
        self.description = told.get("description") or {}
        self.is_fit = True

    def exchange(
        self, told: dict[str, Any], listener: Listener, patience: Patience
    ) -> Generator[Any, None, Any]:
        """Call, give what is streamed, and return the result.

        Raises:
            PluginFailed: The plugin did, or it went on for too long.
        """
        number = next(self._numbers)
        try:
            result = yield from self._exchange(
                {**told, "op": "call", "id": number}, listener, patience
            )
        except Dead as dead:
            raise PluginFailed(f"{self._code.name} {dead}", Reason.UNAVAILABLE) from None
        finally:
            self.is_fit = False
        self.is_fit = self._becomes_idle()
        if "error" in result:
            words = result["error"]
            raise PluginFailed(f"{self._code.name}: {words}", words=words)
        return result.get("value")

    @property
    def has_ended(self) -> bool:
        """Whether its process is gone, though nobody here has ended it."""
        line = self._child.control
        try:
            line.settimeout(0)
            return not line.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def stop(self) -> None:
        """End the call under way from another greenlet: asks first, then kills."""
        if self._questions is not None:
            self._questions.drop_all()
        threading.Thread(target=self._stop, daemon=True, name="plugin-stop").start()

    def end(self) -> None:
        """Kill the process."""
        self.is_fit = False
        self._out.close()
        self._child.end()

    def _stop(self) -> None:
        with contextlib.suppress(Dead):
            self._send({"op": "cancel", "id": None})
        threading.Event().wait(_FAREWELL_S)
        with contextlib.suppress(OSError):
            self._child.control.shutdown(socket.SHUT_RDWR)

    def _exchange(
        self, told: dict[str, Any], listener: Listener, patience: Patience
    ) -> Generator[Any, None, dict[str, Any]]:
        questions = self._questions = Questions(listener, self._send_if_alive)
        self._left = MOST_BYTES
        self._send(told)
        try:
            for heard in self._heard(told["id"], patience):
                op = heard["op"]
                if op == "result":
                    return {"value": heard.get("value")}
                if op == "error":
                    return {"error": _words(heard)}
                if op == "item":
                    yield heard.get("value")
                else:
                    self._take(heard, listener, questions)
        finally:
            questions.drop_all()
        raise Dead("ended by itself.")

    def _heard(self, call: int, patience: Patience) -> Generator[dict[str, Any], None, None]:
        """Give what it tells of a call, for as long as there is patience; that with which others
        work meanwhile, and it with answers of ours, is not counted.
        """
        deadline, events = monotonic() + patience.total_s, 0
        while True:
            waited_s = self._wait_for_answers()
            until = min(deadline + waited_s, monotonic() + patience.silence_s)
            heard = self._read(until)
            if heard.get("id") != call:
                continue  # of an earlier call, which has left something running
            events += heard["op"] in ("event", "ask", "drop")
            if events > MOST_EVENTS:
                raise Dead("told more events than anybody can read.")
            before = monotonic()
            yield heard
            deadline += monotonic() - before

    def _wait_for_answers(self) -> float:
        """Wait while it has nothing to tell and waits for answers.

        Returns:
            The seconds for which it has waited in this call.
        """
        questions, line = self._questions, self._child.control
        assert questions is not None  # noqa: S101 -- for the type checker: there is a call
        while questions.are_open:
            line.settimeout(_TICK_S)
            try:
                line.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                continue
            except OSError:
                break  # whoever reads will see
            break
        return questions.waited_s

    def _take(self, heard: dict[str, Any], listener: Listener, questions: Questions) -> None:
        op = heard["op"]
        if op == "event":
            if isinstance(heard.get("event"), dict):
                listener.event(heard["event"])
        elif op == "ask":
            questions.take(heard)
        elif op == "drop":
            questions.drop(heard.get("question"))
        else:
            raise Dead("wrote what nobody understands.")

    def _send_if_alive(self, told: dict[str, Any]) -> None:
        with contextlib.suppress(Dead):
            self._send(told)

    def _becomes_idle(self) -> bool:
        """Wait a moment for it to say that it is done; whether it may be called once more."""
        try:
            while (heard := self._read(monotonic() + _FAREWELL_S))["op"] != "idle":
                pass
        except Dead:
            return False
        return float(heard.get("cpu_s") or 0) < get_settings().plugins_cpu_s / 2

    def _send(self, told: dict[str, Any]) -> None:
        packed = frames.pack(orjson.dumps(told, default=str))
        if len(packed) > frames.LONGEST_BYTES:
            raise PluginFailed(f"{self._code.name} cannot be told so much at once.")
        try:
            with self._writing:
                self._out.settimeout(get_settings().plugins_timeout_s)
                self._out.sendall(packed)
        except OSError:
            raise Dead(self._how_it_ended()) from None

    def _read(self, deadline: float) -> dict[str, Any]:
        """Read what it tells next.

        Raises:
            Dead: Nothing comes in time, or what comes is no frame.
        """
        line = self._child.control
        try:
            line.settimeout(max(deadline - monotonic(), 0.001))
            body = frames.read(line)
            self._left -= len(body)
            told = orjson.loads(body)
            if not isinstance(told, dict) or not isinstance(told.get("op"), str):
                raise frames.Nonsense
            if is_too_deep(told, body):
                raise Dead(f"told something that is deeper than {DEEPEST} levels.")
        except TimeoutError:
            raise Dead("took too long.") from None
        except (frames.Nonsense, orjson.JSONDecodeError, RecursionError):
            raise Dead("wrote what nobody understands.") from None
        except (frames.Ended, OSError):
            raise Dead(self._how_it_ended()) from None
        if self._left < 0:
            raise Dead("told more than one call may.")
        return told

    def _how_it_ended(self) -> str:
        deadline = monotonic() + _FAREWELL_S
        pause = threading.Event()
        while (code := self._child.exit_code()) is None and monotonic() < deadline:
            pause.wait(0.01)
        return _ENDS.get(code or 0, "ended by itself.")


# By what a keeper's exit code says: the number of a signal, as a byte.
_ENDS = {
    (-24 & 0xFF): "took more CPU time than it may.",
    (-9 & 0xFF): "was killed: most likely it took more memory or disk than it may.",
    (-25 & 0xFF): "wrote a larger file than it may.",
    (-11 & 0xFF): "crashed.",
    (-31 & 0xFF): "did what the jail forbids.",
}


def _words(told: dict[str, Any]) -> str:
    return str(told.get("message") or "no reason given")[:2000]
