"""Flower with our options, and with pages that show what is running per queue."""

import asyncio
import logging
import signal
from collections import Counter
from collections.abc import Callable
from socket import socket
from typing import Any

from celery import Celery
from flower.app import Flower
from flower.options import options
from flower.urls import settings as tornado_settings
from flower.views.broker import BrokerView
from flower.views.monitor import Metrics
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from shared.config.settings import Settings

log = logging.getLogger("launch.flower")

_MAX_TASKS = 5_000
_QUIET = ("tornado.access", "flower.inspector")  # every page; every worker that is not up yet


class QueuesView(BrokerView):  # type: ignore[misc]  # flower has no types
    """The broker page, with what is running per queue beside what is waiting."""

    @web.authenticated
    async def get(self) -> None:
        """Show every queue: ready is waiting, unacked is running, messages is both together."""
        names = [queue.name for queue in self.capp.conf.task_queues]
        waiting, running, taken, consumers = await asyncio.gather(
            self.get_broker().queues(names),
            self._count("active", _queue_of_task),
            self._count("reserved", _queue_of_task),
            self._count("active_queues", _name_of_queue),
        )
        for queue in waiting:
            name = queue["name"]
            queue["messages_ready"] = queue["messages"] + taken[name]
            queue["messages_unacknowledged"] = running[name]
            queue["messages"] = queue["messages_ready"] + running[name]
            queue["consumers"] = consumers[name]
        self.render("broker.html", broker_url=self.application.broker_uri, queues=waiting)

    async def _count(self, method: str, queue_of: Callable[[Any], str]) -> Counter[str]:
        """Count by queue what all workers answer to one question."""
        inspect = self.capp.control.inspect(timeout=options.inspect_timeout / 1000)
        answer = await IOLoop.current().run_in_executor(None, getattr(inspect, method))
        return Counter(queue_of(thing) for things in (answer or {}).values() for thing in things)


def _queue_of_task(task: Any) -> str:
    return str(task["delivery_info"]["routing_key"])


def _name_of_queue(queue: Any) -> str:
    return str(queue["name"])


class GuardedMetrics(Metrics):  # type: ignore[misc]  # flower has no types
    """Flower's numbers for Prometheus, behind the same login as its pages."""

    @web.authenticated
    async def get(self) -> None:
        """Give the numbers."""
        await super().get()


def configure(settings: Settings) -> None:
    """Set Flower's options.

    Args:
        settings: Login, and whether anything may be changed.
    """
    wanted: dict[str, Any] = {
        "basic_auth": [f"{settings.flower_user}:{settings.flower_password}"],
        "read_only": settings.flower_read_only,
        "max_tasks": _MAX_TASKS,
        # A restarted worker has the same name; one that was scaled away is forgotten after an hour.
        "purge_offline_workers": 3600,
    }
    for name, value in wanted.items():
        setattr(options, name, value)


def serve(settings: Settings, sockets: list[socket]) -> None:
    """Serve Flower until a signal asks for the end.

    Args:
        settings: Address, login, and whether anything may be changed.
        sockets: Listen already.
    """
    configure(settings)
    for name in _QUIET:
        logging.getLogger(name).setLevel("ERROR")
    app = Celery("switchyard")
    app.config_from_object("celeryconfig")
    loop = IOLoop.current()
    flower = Flower(capp=app, options=options, io_loop=loop, **tornado_settings)
    flower.add_handlers(".*", [(r"/broker", QueuesView), (r"/metrics", GuardedMetrics)])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.add_callback_from_signal(flower.stop))
    HTTPServer(flower).add_sockets(sockets)
    log.info("Flower answers at http://127.0.0.1:%s", settings.flower_port)
    flower.start()
