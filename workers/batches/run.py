"""One batch: checked, asked line by line, and its answers put into files."""

import logging
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from shared import db, leases
from shared.config.settings import get_settings
from shared.errors import NotFound, SwitchyardError, Unavailable
from shared.ids import now_s
from shared.kinds.batches import RunBatch
from shared.kinds.catalogue import REFRESH_MODELS, RefreshModels
from shared.models import batch as states
from shared.models.batch import Batch
from shared.models.file import File
from shared.models.job import CANCELLED, COMPLETED
from shared.outage import Outage
from shared.queue import Subject, enqueue
from shared.services import access, files, models, quotas
from shared.services.batches import problem
from shared.services.files import Stored
from workers.batches import asking, checking, output, results
from workers.batches.asking import Answered, TooFast
from workers.batches.checking import Request
from workers.batches.crew import Crew
from workers.batches.gate import Gate
from workers.batches.results import Results
from workers.batches.source import Line, lines_of
from workers.ending import Broken
from workers.inference.chat import owner_of
from workers.live import Cancelled, Running
from workers.providers.errors import Aborted
from workers.providers.line import Cut

log = logging.getLogger(__name__)

_PROGRESS_PAUSE_S = 1.0
_FIRST_PAUSE_S = 0.5
_RIGHTS_PAUSE_S = 5.0
_MODELS_PAUSE_S = 2.0
# Failures that need not mean that the whole server is away.
_OF_ONE_REQUEST = (408, 500, 504)


@lru_cache(maxsize=1)
def _slots() -> threading.Semaphore:
    """Give what lets all batches of this process together ask so many lines at a time."""
    return threading.Semaphore(get_settings().batch_concurrency)


def _begin_again(batch: Batch) -> None:
    """Make an ended batch one that runs: its job is done again, and asks what has no answer. The
    answers of one that ended long ago stand in its files only, and are asked for anew.
    """
    batch.completed, batch.failed = results.counts(batch.id)
    batch.status = states.IN_PROGRESS if batch.total else states.VALIDATING
    batch.errors = None
    batch.finalizing_at = batch.cancelling_at = batch.ended_at = None


class BatchRun:
    """Answers every line of a batch."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, RunBatch)  # noqa: S101 -- for the type checker: the kind decides
        self._job = job
        with db.transaction() as session:
            self._owner = owner_of(job)
            batch = session.get(Batch, job.payload.batch_id)
            if batch is None or not access.can(self._owner, "write", batch):
                raise NotFound("The batch is gone.")
            file = session.get(File, batch.input_file_id)
            if file is None or not access.can(self._owner, "read", file):
                raise NotFound("The input file of the batch is gone.")
            batch.job_id = job.claim.id
            if batch.status in states.ENDED:
                _begin_again(batch)
            self._key, self._is_by_key = file.key, job.payload.is_by_program
            self._id, self._endpoint = batch.id, batch.endpoint
            self._total, self._expires_at = batch.total, batch.expires_at
            self._done = batch.completed + batch.failed
        self._output_lasts_s = job.payload.output_lasts_s
        self._problems: list[dict[str, Any]] = []
        self._files: tuple[Stored | None, Stored | None] = (None, None)
        self._results = Results(self._id, self._owner.id)
        self._told_at = 0.0
        self._looked_at = time.monotonic()
        self._is_forgiven = False

    # Do

    def do(self) -> None:
        """Check the input, ask the lines that have no answer yet, write the files."""
        if not self._total and not self._check():
            return
        token = quotas.is_by_key.set(self._is_by_key)
        try:
            self._ask_all()
        except Cancelled:
            self._write_files(None)
            raise
        finally:
            quotas.is_by_key.reset(token)
        self._write_files(self._key if self._is_expired else None)

    @property
    def _is_expired(self) -> bool:
        return now_s() >= self._expires_at

    def _check(self) -> bool:
        """Read the whole input; whether it may be asked."""
        most = get_settings().batch_max_lines
        count, self._problems = checking.check(self._lines(), self._endpoint, most)
        if self._problems:
            return False
        self._total = count
        self._set(total=count, status=states.IN_PROGRESS, in_progress_at=now_s())
        return True

    def _lines(self) -> Iterator[Line]:
        for line in lines_of(self._key):
            self._job.check()
            yield line

    def _set(self, **values: Any) -> None:
        """Write the batch's row, unless somebody cancels it just now."""
        with db.transaction() as session:
            session.execute(
                update(Batch)
                .where(Batch.id == self._id, Batch.status != states.CANCELLING)
                .values(**values)
            )

    def _ask_all(self) -> None:
        """Ask line after line, many at a time, until all are answered or time is over."""
        self._wait_for_models()
        crew = Crew(self._answer, self._tell_pause)
        with self._job.abortable(crew.stop):
            try:
                for line in self._unanswered():
                    if not crew.give(line, self._tend):
                        break
                else:
                    crew.finish(self._tend)
            finally:
                crew.stop()
                crew.join()
                self._keep()

    def _wait_for_models(self) -> None:
        """Wait until it is known what the connections offer: otherwise no model would be found."""
        while models.offer() is None and not self._is_expired:
            with db.transaction():
                enqueue(REFRESH_MODELS, RefreshModels(), Subject())
            self._job.pause(_MODELS_PAUSE_S)

    def _unanswered(self) -> Iterator[Line]:
        answered = results.numbers(self._id)
        current = next(answered, 0)
        for line in self._lines():
            while current and current < line.number:
                current = next(answered, 0)
            if line.number != current:
                yield line

    def _tend(self) -> bool:
        """Do what is due between two lines; whether there is time left.

        Raises:
            Forbidden: The owner's account is gone, or may do nothing any more.
        """
        if self._results.is_due:
            self._keep()
        if time.monotonic() - self._looked_at >= _RIGHTS_PAUSE_S:
            self._looked_at = time.monotonic()
            with db.reading():
                self._owner = owner_of(self._job)
            access.require(self._owner, "use", "members")
        return not self._is_expired

    def _keep(self) -> None:
        self._done += self._kept()
        if self._done and not self._is_forgiven:
            # Who has come further has not worn the job out, however many workers it takes.
            self._is_forgiven = leases.forgive(self._job.claim)
        now = time.monotonic()
        if now - self._told_at >= _PROGRESS_PAUSE_S or self._done >= self._total:
            self._told_at = now
            progress = {"done": self._done, "total": self._total, "unit": "lines", "note": ""}
            self._job.writer.emit("progress", progress)

    def _kept(self) -> int:
        """Write the answers, for as long as it takes the database to come back."""
        outage = Outage(log, "keeping the answers of a batch")
        while True:
            try:
                count = self._results.keep()
                outage.is_over()
                return count
            except (Unavailable, DBAPIError) as error:
                if isinstance(error, DBAPIError) and not db.is_passing(error):
                    raise
                outage.goes_on(error)
                time.sleep(_FIRST_PAUSE_S)

    def _tell_pause(self, seconds: float) -> None:
        """Tell readers that the provider or a quota wants a pause."""
        told = {"description": "paused: asked too often", "retry_in_s": seconds, "done": False}
        self._job.writer.emit("status", told)

    def _answer(self, line: Line, gate: Gate, cut: Cut) -> None:
        """Ask one line until there is an answer, good or bad.

        Raises:
            Aborted: The batch ends before.
        """
        request = checking.read(line, self._endpoint)
        tries_left = get_settings().upstream_tries
        while gate.enter():
            answered: Answered | None = None
            try:
                answered = self._try(line.number, request, cut)
            except TooFast as pause:
                gate.pause(pause.retry_after_s)
            except Unavailable as error:
                tries_left -= 1
                if not tries_left:
                    answered = asking.bad(line.number, request, error)
                elif getattr(error, "status", None) in _OF_ONE_REQUEST:
                    gate.rest(_FIRST_PAUSE_S)
                else:
                    gate.pause(error.retry_after_s)
            finally:
                gate.leave(answered is not None)
            if answered is not None:
                self._results.add(answered)
                return
        raise Aborted

    def _try(self, number: int, request: Request, cut: Cut) -> Answered:
        """Ask once.

        Raises:
            TooFast, Unavailable: It may be asked again.
            Aborted: The batch ends.
        """
        try:
            with _slots():
                answer = asking.ask(self._owner, self._id, self._endpoint, request, cut)
        except (TooFast, Unavailable, Aborted):
            raise
        except RedisError as error:
            log.warning("a line waits for Redis to return: %s", error)
            raise TooFast(None) from error
        except SwitchyardError as error:
            return asking.bad(number, request, error)
        except Exception:  # border: one odd line must not end the others
            log.exception("a line of a batch cannot be asked")
            return asking.bad(number, request, Broken())
        return asking.good(number, request, answer)

    def _write_files(self, key_of_rest: str | None) -> None:
        self._set(status=states.FINALIZING, finalizing_at=now_s())
        self._files = output.write(self._id, self._endpoint, key_of_rest, self._output_lasts_s)

    # Save

    def save(self, status: str, error: str | None) -> dict[str, Any]:
        """Write how the batch has ended, and make its files known."""
        batch = db.session().get(Batch, self._id, populate_existing=True)
        if batch is None:
            return {}
        for file in self._files:
            if file is not None:
                files.add(self._owner.id, file)
        good, bad = self._files
        batch.output_file_id = None if good is None else good.id
        batch.error_file_id = None if bad is None else bad.id
        batch.status, batch.ended_at = self._ending(status), now_s()
        batch.errors = self._problems or ([problem("job_failed", error)] if error else None)
        return {
            "batch": self._id,
            "status": batch.status,
            "output_file_id": batch.output_file_id,
            "error_file_id": batch.error_file_id,
        }

    def _ending(self, status: str) -> str:
        if status == CANCELLED:
            return states.CANCELLED
        if status != COMPLETED or self._problems:
            return states.FAILED
        return states.EXPIRED if self._done < self._total else states.COMPLETED
