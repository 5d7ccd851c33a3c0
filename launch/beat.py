"""Celery's beat, ended without harm at any moment."""

import logging
import signal
from typing import Any, NoReturn

from celery.apps import beat

log = logging.getLogger(__name__)

_ENDINGS = (signal.SIGTERM, signal.SIGINT)


class Beat(beat.Beat):  # type: ignore[misc]  # Celery has no types
    """Beat whose schedule is opened once, undisturbed, and closed when nothing uses it any more.

    Celery's own closes the schedule inside its signal handler, and opens it for that purpose when
    it is not open yet. A signal that came while it was being opened met a half-made file, which
    Python complains of past the log.
    """

    _service: Any = None

    def run(self) -> None:
        """Send what is due until a signal asks for the end."""
        try:
            super().run()
        finally:
            if self._service is not None:
                self._service.sync()  # once more does no harm

    def install_sync_handler(self, service: Any) -> None:
        """Open the schedule, which no signal interrupts, then listen to signals, and say so."""

        def end(*_: Any) -> NoReturn:
            # Also the loop is told: Python drops what is raised while it clears something away.
            service.stop()
            raise SystemExit

        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
        _ = service.scheduler
        self._service = service
        for number in _ENDINGS:
            signal.signal(number, end)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        log.info("beat sends what is due: %s", ", ".join(self.app.conf.beat_schedule))
