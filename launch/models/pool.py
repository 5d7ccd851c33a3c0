"""The loaded models: loads on first use, keeps the most recently used, never more than allowed."""

import json
import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import IO, cast

from launch.models.catalogue import Catalogue, ModelFile

log = logging.getLogger(__name__)

_CONTEXT_TOKENS = 8192
_PARALLEL = 2
_MOST_THREADS = 8
_PATIENCE_S = 180.0
_END_S = 2.0


class Unavailable(Exception):
    """A model cannot answer now; the text says why, for the one who asked."""


class BrokenModel(Unavailable):
    """A model's file cannot be loaded."""


class Runner:
    """The process of one loaded model."""

    def __init__(self, model: ModelFile) -> None:
        self.model = model
        self.key = secrets.token_urlsafe(24)
        self.port = 0
        self.users = 0
        self.last_used = 0
        self._settled = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "launch.models.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._load, daemon=True).start()

    @property
    def lives(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @property
    def has_failed(self) -> bool:
        """Whether the model could not be loaded."""
        return self._settled.is_set() and self.port == 0

    def wait_loaded(self, timeout_s: float) -> bool:
        """Wait until the model has been loaded; False when it could not be, or not in time."""
        return self._settled.wait(timeout_s) and self.port != 0

    def wait_ended(self, timeout_s: float) -> None:
        """Wait for the end of a process that seems to be dying."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _load(self) -> None:
        began = time.monotonic()
        orders = {
            "id": self.model.id,
            "path": str(self.model.path),
            "key": self.key,
            "context_tokens": _CONTEXT_TOKENS,
            "parallel": _PARALLEL,
            "threads": min(len(os.sched_getaffinity(0)), _MOST_THREADS),
        }
        stdin, stdout = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        try:
            stdin.write(json.dumps(orders) + "\n")
            stdin.flush()
            word, _, port = stdout.readline().strip().partition(" ")
        except OSError:
            word = port = ""
        if word == "ready":
            self.port = int(port)
            log.info("%s is loaded (%.1f s)", self.model.id, time.monotonic() - began)
        self._settled.set()


class Pool:
    """All loaded models.

    Args:
        catalogue: Learns of files that cannot be loaded.
        most: At most this many models are loaded at a time.
    """

    def __init__(self, catalogue: Catalogue, most: int) -> None:
        self._catalogue = catalogue
        self._most = most
        self._runners: dict[str, Runner] = {}
        self._changed = threading.Condition()
        self._uses = count(1)

    @contextmanager
    def use(self, model: ModelFile) -> Iterator[Runner]:
        """Keep a model loaded while it is used; wait while it loads.

        Raises:
            Unavailable: Too many other models are in use, or the loading takes too long.
            BrokenModel: The file cannot be loaded.
        """
        deadline = time.monotonic() + _PATIENCE_S
        runner = self._take(model, deadline)
        try:
            if not runner.wait_loaded(deadline - time.monotonic()):
                self._give_up(runner)
            yield runner
        finally:
            with self._changed:
                runner.users -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Unload everything."""
        with self._changed:
            for runner in self._runners.values():
                runner.stop()
            self._runners.clear()

    def _take(self, model: ModelFile, deadline: float) -> Runner:
        with self._changed:
            while (runner := self._find_or_load(model)) is None:
                if not self._changed.wait(deadline - time.monotonic()):
                    raise Unavailable(f"{model.id} has to wait: other local models are in use.")
            runner.users += 1
            runner.last_used = next(self._uses)
            return runner

    def _find_or_load(self, model: ModelFile) -> Runner | None:
        """Give the model's runner, None while there is no room; called with the lock held."""
        runner = self._runners.get(model.id)
        if runner is not None and runner.lives and runner.model == model:
            return runner
        if runner is not None and not self._unload(runner):
            return None
        idle = sorted((r for r in self._runners.values() if not r.users), key=lambda r: r.last_used)
        while len(self._runners) >= self._most and idle:
            self._unload(idle.pop(0))
        if len(self._runners) >= self._most:
            return None
        self._runners[model.id] = Runner(model)
        return self._runners[model.id]

    def _unload(self, runner: Runner) -> bool:
        if runner.lives and runner.users:
            return False
        log.info("%s is unloaded", runner.model.id)
        runner.stop()
        self._runners.pop(runner.model.id, None)
        return True

    def _give_up(self, runner: Runner) -> None:
        """Say why a model did not come up."""
        with self._changed:
            if self._runners.get(runner.model.id) is runner:
                del self._runners[runner.model.id]
        has_failed = runner.has_failed
        runner.stop()
        if not has_failed:
            raise Unavailable(f"{runner.model.id} takes too long to load.")
        reason = "it cannot be loaded: the file is damaged, or of a kind that is not supported"
        self._catalogue.report(runner.model, reason)
        raise BrokenModel(f"The local model {runner.model.id} cannot be used: {reason}.")
