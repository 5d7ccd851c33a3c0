"""Options when many ask for them at once."""

import threading

import pytest

from shared.config.options import Options, get_options, store
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("world")


class Queue:
    """A lock that tells who stands before it."""

    def __init__(self):
        self.lock, self.waiting = threading.Lock(), []

    def __enter__(self):
        self.waiting.append(True)
        return self.lock.__enter__()

    def __exit__(self, *error):
        return self.lock.__exit__(*error)


def test_one_of_a_crowd_looks_for_all(monkeypatch):
    options, looks = Options(), []
    monkeypatch.setattr(options, "_lock", Queue())
    monkeypatch.setattr(options, "_look", lambda: looks.append(True) or b"1")
    crowd = [threading.Thread(target=options.saved) for _ in range(5)]

    with options._lock.lock:
        for one in crowd:
            one.start()
        wait_until(lambda: len(options._lock.waiting) == 5, 5, "a crowd")
    for one in crowd:
        one.join(5)

    assert looks == [True]


def test_nobody_takes_what_was_never_read_for_nothing(monkeypatch):
    get_options().set({"TASK_MODEL": "Saved"})
    fresh, read = Options(), store._read_saved
    is_reading, goes_on = threading.Event(), threading.Event()

    def slowly(since):
        is_reading.set()
        goes_on.wait(10)
        return read(since)

    monkeypatch.setattr(store, "_read_saved", slowly)
    found = []
    threads = [threading.Thread(target=lambda: found.append(fresh.get("TASK_MODEL")))]
    threads[0].start()
    is_reading.wait(10)
    threads.append(threading.Thread(target=lambda: found.append(fresh.get("TASK_MODEL"))))
    threads[1].start()
    threads[1].join(0.2)
    goes_on.set()
    for thread in threads:
        thread.join(10)

    assert found == ["Saved", "Saved"]
