"""The life of a plugin inside its jail: loaded once, then one call after the other."""

import asyncio
import os
import resource
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import frames, network, standins
from .calling import Call
from .describing import description
from .line import Line
from .loading import Loaded
from .words import in_words


def serve(control: Any, door: int, opening: dict[str, Any], held: tuple[str, ...]) -> None:
    """Load the source, tell what is in it, and do what the worker asks until it is gone."""
    line = Line(control)
    network.use(door)
    standins.install()
    if opening.get("packages"):
        sys.path.insert(0, opening["packages"])
    try:
        loaded = Loaded(opening["name"], opening["source"])
        loaded.set_valves(opening.get("valves"))
        told = description(loaded)
    except BaseException as error:  # border: all of a user's code
        line.tell("broken", message=in_words(error))
        return
    line.tell("ready", held=held, description=told)
    asyncio.run(_Server(line, loaded).serve())


class _Server:
    """Takes frames, and lets calls run."""

    def __init__(self, line: Line, loaded: Loaded) -> None:
        self._line, self._loaded = line, loaded
        self._running: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Do what comes over the pipe; the process ends with the worker."""
        loop = asyncio.get_running_loop()
        come: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        def read() -> None:
            self._read(lambda told: loop.call_soon_threadsafe(come.put_nowait, told))

        threading.Thread(target=read, daemon=True, name="pipe").start()
        while True:
            self._take(await come.get())

    def _read(self, give: Callable[[dict[str, Any]], Any]) -> None:
        try:
            while True:
                told = self._line.read()
                if told["op"] in ("answer", "piece"):
                    self._line.answered(told)
                else:
                    give(told)
        except (frames.Ended, frames.Nonsense, OSError, ValueError):
            os._exit(0)  # the worker is gone, whatever runs here

    def _take(self, told: dict[str, Any]) -> None:
        if told["op"] == "call":
            task = asyncio.create_task(self._attend(told))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        elif told["op"] == "cancel":
            for task in self._running:
                task.cancel()

    async def _attend(self, told: dict[str, Any]) -> None:
        number = told["id"]
        try:
            await Call(self._line, self._loaded, told).run()
        except asyncio.CancelledError:
            self._line.tell("error", id=number, kind="cancelled", message="cancelled")
        except Exception as error:  # border: all of a user's code
            kind = type(error).__name__
            self._line.tell("error", id=number, kind=kind, message=in_words(error))
        finally:
            used = resource.getrusage(resource.RUSAGE_SELF)
            self._line.tell("idle", cpu_s=used.ru_utime + used.ru_stime)
