"""Doing the same thing from many threads or processes at the same moment."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import text

from shared import db

T = TypeVar("T")
_ROOT = Path(__file__).parents[2]


def at_once(count: int, action: Callable[[int], T]) -> list[T]:
    """Call a function from many threads, all set off together.

    Args:
        count: How many threads.
        action: Gets the thread's number.

    Returns:
        What the calls gave, in the order of the threads. The first error is raised.
    """
    start = threading.Barrier(count)

    def go(number: int) -> T:
        start.wait(10)
        return action(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(go, range(count)))


def in_processes(count: int, code: str, *arguments: str) -> list[str]:
    """Run a piece of Python in several processes, on this test's database.

    Args:
        count: How many processes.
        code: Finds its arguments in `sys.argv[1:]`. It runs in all processes at about the same
            time: each waits for a line on standard input first.

    Returns:
        What each has printed.
    """
    url = db.get_engine().url.render_as_string(hide_password=False)
    waiting = 'import sys; print("ready", flush=True); sys.stdin.readline()\n'
    imports = "from shared import leases\n"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", imports + waiting + code, *arguments],
            env={**os.environ, "DATABASE_URL": url},
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0] for process in started]


def is_somebody_waiting_for_a_lock() -> bool:
    """Whether a transaction waits for another one (PostgreSQL)."""
    with db.get_engine().connect() as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(connection.execute(text(waiting)).scalar_one())
