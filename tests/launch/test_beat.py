"""Beat may be asked to end at any moment."""

import signal
from collections.abc import Iterator

import pytest
from celery import Celery

from launch.beat import Beat

ENDINGS = (signal.SIGTERM, signal.SIGINT)


class Service:
    """Stands for Celery's: it is told to end while it opens its schedule."""

    def __init__(self) -> None:
        self.is_open, self.is_told, self.times_opened = False, False, 0

    @property
    def scheduler(self) -> object:
        self.times_opened += 1
        signal.raise_signal(signal.SIGTERM)
        self.is_open = True
        return object()

    def stop(self) -> None:
        self.is_told = True

    def sync(self) -> None:
        self.is_open = False


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDINGS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_waits_until_the_schedule_is_open():
    beat, service = Beat(app=Celery("test", set_as_current=False)), Service()

    with pytest.raises(SystemExit):
        beat.install_sync_handler(service)

    assert service.is_open
    assert service.times_opened == 1


def test_the_schedule_is_closed_whenever_the_signal_comes(monkeypatch):
    beat, service = Beat(app=Celery("test", set_as_current=False), quiet=True), Service()
    monkeypatch.setattr(beat, "init_loader", lambda: None)
    monkeypatch.setattr(beat, "set_process_title", lambda: None)
    monkeypatch.setattr(beat, "start_scheduler", lambda: beat.install_sync_handler(service))

    with pytest.raises(SystemExit):
        beat.run()

    assert not service.is_open
    assert service.is_told
