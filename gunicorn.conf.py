"""Gunicorn's settings for the web processes."""

import logging
import os
import signal
from typing import Any

import gevent
from gunicorn.glogging import Logger

from launch import migrate
from shared.collector import keep_trimmed, settle
from shared.config.settings import get_settings
from shared.log import set_up_logging
from web import lifecycle

_settings = get_settings()
os.umask(0o077)  # what is written belongs to the operator only

bind = [
    f"[{_settings.host}]:{_settings.port}"
    if ":" in _settings.host
    else f"{_settings.host}:{_settings.port}"
]
workers = _settings.web_concurrency
worker_class = "gevent"
# One open stream or socket is one connection; beyond the default of 1000 nobody is served.
worker_connections = 10_000
backlog = 4096
# Searches stand in the first line, and may be as long as proxies let through.
limit_request_line = 8190
# Clients that ask again soon find their connection still open.
keepalive = 30
# A worker whose loop stands still this long is replaced.
timeout = 60
graceful_timeout = max(1, round(_settings.shutdown_grace_s))
# The control socket would be one per home folder, shared by all instances of the machine.
control_socket_disable = True
# Line for line, an access log costs more than many of the requests.
accesslog = None
loglevel = "warning"


class logger_class(Logger):  # noqa: N801  (gunicorn looks for this name)
    """Sends what gunicorn has to say the way of all other logs."""

    def setup(self, cfg: Any) -> None:
        """Forget gunicorn's own handlers and forms."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        set_up_logging(_settings, "web")


def on_starting(server: Any) -> None:
    """Let Ctrl-C end as SIGTERM does: what is under way may end, and nobody is cut off in words."""
    server.handle_int = server.handle_term


def worker_exit(_server: Any, _worker: Any) -> None:
    """Say that this process is gone."""
    from shared import tracing  # noqa: PLC0415 -- see post_worker_init
    from shared.metrics import reports  # noqa: PLC0415 -- see post_worker_init

    reports.leave()
    tracing.flush()


def post_worker_init(worker: Any) -> None:
    """Know when the end comes, from the first request on."""
    # Not above: what is imported there comes before gevent has patched the sockets.
    from shared.config.options import follow_options  # noqa: PLC0415 -- as the comment says
    from shared.metrics import reports  # noqa: PLC0415 -- as the comment says
    from web.stream import hub  # noqa: PLC0415 -- as the comment says

    # A terminal sends Ctrl-C to everybody; the parent passes it on in its own way.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Who started which green thread is for debuggers; noting it costs 2 KB and 10 µs each.
    gevent.config.track_greenlet_tree = False
    # Nothing is set any more: let no look at it go through two functions, 34 times per request.
    vars(worker.cfg).update({name: one.get() for name, one in worker.cfg.settings.items()})
    migrate.warn(_settings)
    logging.getLogger("web").info("web answers at http://%s", bind[0])
    follow_options()
    lifecycle.watch(lambda: bool(worker.alive))
    reports.identify("web")
    reports.add_gauge("streams_open", hub.count_readers)
    reports.start()
    settle()
    keep_trimmed()
