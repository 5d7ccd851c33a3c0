"""The jobs that this process works on right now: their leases are kept, and they can be stopped."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property

from sqlalchemy.exc import DBAPIError

from shared import leases, relay
from shared.config.options import follow_options
from shared.config.settings import get_settings
from shared.errors import SwitchyardError, Unavailable
from shared.flusher import Writer, flusher
from shared.kinds import SPECS
from shared.kinds.base import Payload
from shared.leases import Claim
from shared.outage import Outage
from shared.services import usage
from shared.services.usage import Tokens
from shared.subscriber import subscriber
from workers import line

log = logging.getLogger(__name__)


class Stopped(SwitchyardError):
    """A job has to end before its work is done."""


class Cancelled(Stopped):
    """Its owner wants it to end."""


class HandedOver(Stopped):
    """This process is going down; another one takes over."""


class Superseded(Stopped):
    """A newer attempt works on it: nothing may be written any more."""


class Overflowed(Stopped):
    """The answer is longer than an event log may grow."""


class Running:
    """One attempt at a job, from its claim to its end.

    Attributes:
        claim: The job as it was claimed.
        writer: Its event log.
        asked_tokens: A guess, once its body is gone.
        cost: Of which model it has cost what, where its body and its result do not tell.
        beside: What it has cost besides, of its own model.
        inside: What is counted already of what its result tells.
    """

    cost: tuple[str, Tokens] | None = None
    beside = inside = Tokens()

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.writer: Writer = flusher.writer(claim.id, claim.attempt, self._on_refused)
        self.asked_tokens: int | None = None
        self._reason: type[Stopped] | None = None
        self._aborts: list[Callable[[], None]] = []

    @cached_property
    def payload(self) -> Payload:
        """Its request, in the form of its kind.

        Raises:
            ValidationError: It was accepted by a version that knew another form.
        """
        return SPECS[self.claim.kind].payload.model_validate(self.claim.request)

    def let_go_of_body(self) -> None:
        """Keep of the request's body only what is needed at the end: how long it was."""
        body = self.claim.request.pop("body", None)
        if body is not None:
            self.asked_tokens = usage.estimated_prompt(body)

    def stop(self, reason: type[Stopped]) -> None:
        """End the work from outside; the first reason counts. Safe from any thread or greenlet."""
        if self._reason is None:
            self._reason = reason
            for abort in list(self._aborts):
                abort()

    @property
    def is_stopped(self) -> bool:
        """Whether it has to end."""
        return self._reason is not None

    @property
    def is_leaving(self) -> bool:
        """Whether another process is to take it over."""
        return self._reason is HandedOver

    def check(self) -> None:
        """Raise the reason for which this job has to end, if there is one.

        Raises:
            Stopped: Somebody called `stop`.
        """
        if self._reason is not None:
            raise self._reason

    def abortable(self, abort: Callable[[], None]) -> AbstractContextManager[None]:
        """Name what `stop` has to call so that the block ends at once; must not block. Blocks may
        stand in each other, and run side by side in several threads.

        Raises:
            Stopped: At the start, when the job was stopped already; at the end, in place of
                whatever error the abortion caused.
        """
        return _Abortable(self, abort)

    def hold(self, abort: Callable[[], None]) -> None:
        """Begin an abortable block."""
        self._aborts.append(abort)
        if self._reason is not None:
            self._aborts.remove(abort)
            raise self._reason

    def release(self, abort: Callable[[], None], error: BaseException | None) -> None:
        """End an abortable block: an aborted call fails in many ways, the reason is what counts."""
        self._aborts.remove(abort)
        if self._reason is not None and (error is None or isinstance(error, Exception)):
            raise self._reason from error

    def pause(self, seconds: float) -> None:
        """Wait before another try, but no longer than until somebody stops the job."""
        woken = threading.Event()
        with self.abortable(woken.set):
            woken.wait(seconds)

    def _on_refused(self, reason: int) -> None:
        self.stop(Overflowed if reason == relay.FULL else Superseded)


# No generators: each answer stands in these two blocks for minutes, and those take 0.4 KB each.


class _Abortable(AbstractContextManager[None]):
    """A block that `Running.stop` ends."""

    __slots__ = ("_abort", "_running")

    def __init__(self, running: Running, abort: Callable[[], None]) -> None:
        self._running, self._abort = running, abort

    def __enter__(self) -> None:
        self._running.hold(self._abort)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._running.release(self._abort, error)


class _Entered(AbstractContextManager[None]):
    """A block for as long as which a job is live."""

    __slots__ = ("_live", "_running")

    def __init__(self, live: "Live", running: Running) -> None:
        self._live, self._running = live, running

    def __enter__(self) -> None:
        self._live.enter(self._running)

    def __exit__(self, *_: object) -> None:
        self._live.leave(self._running)


class Live:
    """All running jobs of this process."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._jobs: dict[str, Running] = {}
        self._postponed: list[str] = []
        self._keeper: threading.Thread | None = None
        self._is_handing_over = False

    def entered(self, running: Running) -> AbstractContextManager[None]:
        """Keep a job's lease and let it be stopped for as long as the block runs."""
        return _Entered(self, running)

    def enter(self, running: Running) -> None:
        """Begin to keep a job's lease; an older attempt that runs here has to end."""
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._keep, name="lease-keeper", daemon=True)
            self._keeper.start()
            subscriber.add(relay.control_channel(), self._on_control)
            follow_options()
        if older := self._jobs.get(running.claim.id):
            older.stop(Superseded)
        self._jobs[running.claim.id] = running
        if self._is_handing_over:
            running.stop(HandedOver)

    def leave(self, running: Running) -> None:
        """Keep it no longer, unless a newer attempt at it runs here."""
        if self._jobs.get(running.claim.id) is running:
            del self._jobs[running.claim.id]

    def keeps(self, job_id: str) -> bool:
        """Whether this process works on a job that it is told to do: it was late to renew its
        lease, and does so now. To begin anew would only make it later still.
        """
        running = self._jobs.get(job_id)
        if running is None or running.is_stopped:
            return False
        if running.claim.id in leases.renew([running.claim]):
            return True
        running.stop(Superseded)
        return False

    def count(self) -> int:
        """Count the jobs that run here."""
        return len(self._jobs)

    def postpone(self, job_id: str) -> None:
        """Remember a job that came while this process was going down."""
        self._postponed.append(job_id)

    def postponed(self) -> list[str]:
        """Give the jobs that others have to be told of."""
        return self._postponed

    def hand_over(self, grace_s: float) -> None:
        """Let running jobs end by themselves for a while, then stop the rest; blocks until then."""
        self.is_stopping = True
        log.info("asked to end: running jobs may go on for %g s", grace_s)
        deadline = time.monotonic() + grace_s
        while self._jobs and time.monotonic() < deadline:
            time.sleep(0.05)
        if self._jobs:
            log.info("handing %d running jobs over to another worker", len(self._jobs))
        self._is_handing_over = True
        for running in list(self._jobs.values()):
            running.stop(HandedOver)

    def _keep(self) -> None:
        """Renew all leases, again and again."""
        outage = Outage(log, "renewing the leases")
        pause = get_settings().job_lease_s / 4
        while True:
            time.sleep(pause)
            try:
                if self._jobs:
                    self._renew()
                outage.is_over()
            except (Unavailable, DBAPIError) as error:
                outage.goes_on(error)
            except Exception:  # border: without its keeper a process would lose all its jobs
                log.exception("the lease keeper stumbled")

    def _renew(self) -> None:
        # What is being handed over is for others to take.
        jobs = [running for running in self._jobs.values() if not running.is_leaving]
        ours = leases.renew([running.claim for running in jobs])
        for running in jobs:
            is_cancelled = ours.get(running.claim.id)
            if is_cancelled is None:
                # It has ended, and does not mind; or a newer attempt works on it.
                running.stop(Superseded)
            elif is_cancelled:
                running.stop(Cancelled)

    def _on_control(self, message: bytes | None) -> None:
        if message is None:
            return
        if message.startswith(b"cancel "):
            if running := self._jobs.get(message[7:].decode()):
                running.stop(Cancelled)
        else:
            line.hear(message)


live = Live()
