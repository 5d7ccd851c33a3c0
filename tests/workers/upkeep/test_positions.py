"""Places in line are told when they change."""

import pytest

from shared.broker import queue_key
from shared.flusher import flusher
from shared.redis import get_redis
from tests.services.things import new_job, new_user, told
from workers.upkeep import positions as module
from workers.upkeep.positions import Positions

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def positions(monkeypatch):
    monkeypatch.setattr(module, "_PAUSE_S", 0.0)
    return Positions()


def test_every_waiting_job_is_told_its_place(positions):
    crowd, newcomer = new_user(), new_user()
    first, second = new_job(crowd), new_job(crowd)
    third = new_job(newcomer)

    positions.tell(["interactive"])

    assert told(first) == [("queued", {"position": 1})]
    assert told(third) == [("queued", {"position": 2})]
    assert told(second) == [("queued", {"position": 3})]


def test_a_place_is_told_again_only_when_it_has_changed(positions):
    owner = new_user()
    first, second = new_job(owner), new_job(owner)
    for _ in range(3):
        positions.tell(["interactive"])
    get_redis().rpop(queue_key("interactive"))

    positions.tell(["interactive"])

    assert told(first) == [("queued", {"position": 1})]
    assert told(second) == [("queued", {"position": 2}), ("queued", {"position": 1})]


def test_a_job_that_has_begun_meanwhile_is_told_nothing(positions, monkeypatch):
    job_id = new_job(new_user())
    writer = flusher.writer(job_id, 1, lambda _reason: None)
    writer.emit("started", {})
    assert flusher.drain(5)
    monkeypatch.setattr(module.sweep, "find", lambda ids: [_old(job_id)] if ids else [])

    positions.tell(["interactive"])

    assert told(job_id) == [("started", {})]


def _old(job_id):
    return module.sweep.Lost(job_id, "inference.run_chat", "interactive", 0, None)


def test_between_two_rounds_some_time_passes():
    positions = Positions()
    positions.tell(["interactive"])
    job_id = new_job(new_user())

    positions.tell(["interactive"])

    assert told(job_id) == []
