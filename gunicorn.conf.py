"""Gunicorn's settings for the web processes."""

from typing import Any

from shared.collector import settle
from shared.config.settings import get_settings
from shared.log import set_up_logging
from web import lifecycle

_settings = get_settings()

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


def post_worker_init(worker: Any) -> None:
    """Log as the other processes do, and know when the end comes, from the first request on."""
    set_up_logging(_settings, "web")
    lifecycle.watch(lambda: bool(worker.alive))
    settle()
