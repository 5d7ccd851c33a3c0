"""Flower with our options, our door, and a page of our own for the queues."""

import logging
import signal
from socket import socket
from typing import Any

from celery import Celery
from flower.app import Flower
from flower.options import options
from flower.urls import settings as tornado_settings
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.ioloop import IOLoop

from launch.flower.door import Door, Refusal
from launch.flower.queues import QueuesView
from shared.config.settings import Settings

log = logging.getLogger("launch.flower")

_MAX_TASKS = 5_000
_ENDINGS = ("JobFailed(", "Retry(")  # as workers/base.py tells Celery how a job ended
_QUIET = ("tornado.access", "flower.inspector")  # every page; every worker that is not up yet


class Window(Flower):  # type: ignore[misc]  # flower has no types
    """Flower's application behind our door.

    Args:
        settings: Login, and whether anything may be changed.
        capp: The Celery application that is looked at.
    """

    def __init__(self, settings: Settings, capp: Celery) -> None:
        self._door = Door(settings)
        _configure(settings, self._door.inner_login)
        loop = IOLoop.current()
        super().__init__(capp=capp, options=options, io_loop=loop, **tornado_settings)
        self.add_handlers(".*", [(r"/broker", QueuesView)])

    def find_handler(self, request: HTTPServerRequest, **more: Any) -> Any:
        """Let Flower find its handler for requests that the door lets in."""
        refusal = self._door.refusal(request)
        if refusal is None:
            return super().find_handler(request, **more)
        status, words = refusal
        return self.get_handler_delegate(request, Refusal, {"status": status, "words": words})


def _configure(settings: Settings, login: str) -> None:
    wanted: dict[str, Any] = {
        "basic_auth": [login],
        "read_only": settings.flower_read_only,
        "max_tasks": _MAX_TASKS,
        "format_task": _without_our_traceback,
        # A restarted worker has the same name; one that was scaled away is forgotten after an hour.
        "purge_offline_workers": 3600,
    }
    for name, value in wanted.items():
        setattr(options, name, value)


def _without_our_traceback(task: Any) -> Any:
    """Leave out where a job's ending was turned into an exception: nobody learns from it."""
    if str(task.exception).startswith(_ENDINGS):
        task.traceback = None
    return task


def serve(settings: Settings, sockets: list[socket]) -> None:
    """Serve Flower until a signal asks for the end.

    Args:
        settings: Address, login, and whether anything may be changed.
        sockets: Listen already.
    """
    for name in _QUIET:
        logging.getLogger(name).setLevel("ERROR")
    app = Celery("switchyard")
    app.config_from_object("celeryconfig")
    loop = IOLoop.current()
    window = Window(settings, app)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.add_callback_from_signal(window.stop))
    HTTPServer(window).add_sockets(sockets)
    log.info("Flower answers at http://%s:%s", settings.flower_host, settings.flower_port)
    window.start()
