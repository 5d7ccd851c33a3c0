"""The gate: how many lines are asked at a time, and when nobody asks."""

import threading
from types import SimpleNamespace

import pytest

from tests.services.waiting import wait_until
from workers.batches import gate as module
from workers.batches.gate import Gate


@pytest.fixture
def now(monkeypatch):
    """A clock that moves when the test wants."""
    moment = [1000.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    return moment


@pytest.fixture
def pauses():
    return []


def enter_in_thread(gate, entered):
    thread = threading.Thread(target=lambda: entered.append(gate.enter()), daemon=True)
    thread.start()
    return thread


def test_so_many_are_let_in_at_a_time(pauses):
    gate, entered = Gate(2, pauses.append), []
    assert gate.enter()
    assert gate.enter()

    third = enter_in_thread(gate, entered)
    third.join(0.05)
    before = list(entered)
    gate.leave(is_answered=True)
    third.join(5)

    assert (before, entered) == ([], [True])


def test_a_complaint_halves_how_many_and_answers_bring_them_back(now, pauses):
    gate = Gate(8, pauses.append)
    gate.pause(3.0)
    now[0] += 3.0

    halved = int(gate._allowed)
    for _ in range(400):
        assert gate.enter()
        gate.leave(is_answered=True)

    assert (halved, int(gate._allowed)) == (4, 8)
    assert pauses == [3.0]


def test_pauses_that_nobody_has_told_grow(now, pauses):
    gate = Gate(8, pauses.append)
    for _ in range(10):
        gate.pause(None)
        now[0] += 61

    assert pauses == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_complaints_of_those_under_way_are_one(now, pauses):
    gate = Gate(8, pauses.append)

    for _ in range(5):
        gate.pause(2.0)

    assert pauses == [2.0]
    assert int(gate._allowed) == 4


def test_who_rests_is_woken_by_the_end(pauses):
    gate = Gate(1, pauses.append)
    resting = threading.Thread(target=gate.rest, args=(600,), daemon=True)
    resting.start()

    gate.close()
    resting.join(5)

    assert not resting.is_alive()


def test_nobody_is_let_in_after_the_end(pauses):
    gate, entered = Gate(1, pauses.append), []
    gate.enter()
    waiting = enter_in_thread(gate, entered)

    gate.close()
    wait_until(lambda: entered, 5, "the one who waits to be sent away")

    assert entered == [False]
    assert not waiting.is_alive() or waiting.join(5) is None
    assert gate.enter() is False
