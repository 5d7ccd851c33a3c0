"""The pool of workers that are one process."""

import threading

from workers.pool import ThreadPool


def test_stopping_waits_for_what_runs_and_for_what_was_taken():
    pool = ThreadPool(limit=1)
    begun, may_end = threading.Event(), threading.Event()
    done: list[str] = []

    def slow():
        begun.set()
        may_end.wait(5)
        done.append("slow")

    pool.on_apply(slow)
    pool.on_apply(lambda: done.append("next"))
    assert begun.wait(5)
    threading.Timer(0.05, may_end.set).start()

    pool.on_stop()

    assert done == ["slow", "next"]
