"""What Flower sees of a worker: Celery's events, gathered and sent once a second, and the answers
to what it asks.

Celery gathers events by itself only in its own event loop, which gevent does not use; there each of
a task's three events would be a message of its own, 12 % of a busy worker's CPU.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from celery.worker.pidbox import gPidbox
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_PAUSE_S = 1.0
# More than a second's worth; the dispatcher sends by itself when so many wait.
_MOST_WAITING = 5000


def start(consumer: Any) -> None:
    """Gather the events of this worker in the background.

    Args:
        consumer: Celery's consumer; it makes a new dispatcher whenever the broker comes back.
    """
    threading.Thread(target=_run, args=(consumer,), name="monitoring", daemon=True).start()


def mend_control_channel() -> None:
    """Let the channel over which Flower asks survive the loss of its connection.

    Celery's own loop under gevent ends at the first error, with a traceback past the log; Flower
    then counts the worker as away although it works.
    """
    gPidbox.loop = _until_stopped(gPidbox.loop)


def _until_stopped(loop: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def run(box: Any, consumer: Any) -> None:
        while True:
            try:
                loop(box, consumer)
                return
            except (OperationalError, RedisError, OSError) as error:
                log.debug("the control channel was lost: %s", error)
            # The consumer stops this box when its own connection is lost as well, and starts anew.
            stopping = box._node_shutdown
            if stopping is None or stopping.wait(_PAUSE_S):
                return

    return run


def _run(consumer: Any) -> None:
    while True:
        dispatcher = consumer.event_dispatcher
        if dispatcher is not None and dispatcher.enabled:
            dispatcher.buffer_group = frozenset({"task"})
            dispatcher.buffer_limit = _MOST_WAITING
            try:
                dispatcher.flush()
            except (OperationalError, RedisError, OSError) as error:
                log.debug("Flower misses some events: %s", error)
        time.sleep(_PAUSE_S)
