"""The channel over which Flower asks a worker."""

import threading

import pytest
from redis.exceptions import ConnectionError as RedisIsAway

from workers import monitoring


class Box:
    """Stands for Celery's box: its event says when the consumer wants it to end."""

    def __init__(self):
        self._node_shutdown = threading.Event()


@pytest.fixture
def box(monkeypatch):
    monkeypatch.setattr(monitoring, "_PAUSE_S", 0.0)
    return Box()


def test_it_is_opened_again_when_its_connection_is_lost(box):
    tries = []

    def loop(_box, consumer):
        tries.append(consumer)
        if len(tries) < 3:
            raise RedisIsAway("gone")

    monitoring._until_stopped(loop)(box, "the consumer")

    assert tries == ["the consumer"] * 3


def test_it_is_not_opened_again_when_the_consumer_starts_anew(box):
    tries = []

    def loop(_box, consumer):
        tries.append(consumer)
        box._node_shutdown.set()
        raise RedisIsAway("gone")

    monitoring._until_stopped(loop)(box, "the consumer")

    assert len(tries) == 1
