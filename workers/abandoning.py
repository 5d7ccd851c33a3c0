"""Leaving work that cannot be interrupted."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from workers.live import Running

R = TypeVar("R")


def abandonable(job: Running, work: Callable[[], R]) -> R:
    """Do work that may take long, and leave it to itself when the job is to end: it has limits of
    its own, and nobody waits for what it gives.

    Raises:
        Stopped: The job has to end.
    """
    given: list[R] = []
    failed: list[BaseException] = []
    is_over = threading.Event()

    def do() -> None:
        try:
            given.append(work())
        except BaseException as error:  # border: raised again where it is waited for
            failed.append(error)
        is_over.set()

    threading.Thread(target=copy_context().run, args=(do,), daemon=True).start()
    with job.abortable(is_over.set):
        is_over.wait()
    if failed:
        raise failed[0]
    return given[0]
