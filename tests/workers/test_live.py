"""The running jobs of a process: their leases are kept, and they can be stopped."""

import threading
import time

import pytest

from shared import leases, relay
from shared.leases import Claim
from tests.services.things import change_job, new_job, new_user, row_of
from tests.services.waiting import wait_until
from workers.live import Cancelled, HandedOver, Live, Overflowed, Running, Superseded

pytestmark = pytest.mark.usefixtures("world")


def claimed():
    claim = leases.claim(new_job(new_user()))
    assert isinstance(claim, Claim)
    return claim


@pytest.fixture
def running():
    """One attempt at a job."""
    return Running(claimed())


def is_stopped(running, reason):
    try:
        running.check()
    except reason:
        return True
    return False


# One attempt


def test_a_job_that_nobody_stops_goes_on(running):
    running.check()
    with running.abortable(lambda: None):
        pass


def test_the_first_reason_to_stop_counts(running):
    running.stop(Cancelled)
    running.stop(Superseded)

    with pytest.raises(Cancelled):
        running.check()


def test_stopping_aborts_what_is_under_way_once(running):
    aborted = []

    with pytest.raises(Cancelled), running.abortable(lambda: aborted.append(1)):
        running.stop(Cancelled)
        running.stop(Cancelled)

    assert aborted == [1]


def test_whatever_the_abortion_breaks_the_reason_is_told(running):
    with pytest.raises(HandedOver) as caught, running.abortable(lambda: None):
        running.stop(HandedOver)
        raise OSError("the connection was cut")

    assert isinstance(caught.value.__cause__, OSError)


def test_an_error_without_a_stop_is_left_as_it_is(running):
    with pytest.raises(OSError, match="by itself"), running.abortable(lambda: None):
        raise OSError("by itself")


def test_what_was_stopped_before_does_not_begin(running):
    running.stop(Cancelled)
    begun = []

    with pytest.raises(Cancelled), running.abortable(lambda: None):
        begun.append(1)

    assert begun == []


def test_nothing_is_aborted_once_it_is_over(running):
    aborted = []
    with running.abortable(lambda: aborted.append(1)):
        pass

    running.stop(Cancelled)

    assert aborted == []


def test_a_pause_ends_when_the_job_is_stopped(running):
    stopper = threading.Timer(0.05, running.stop, (Cancelled,))
    stopper.start()
    started = time.monotonic()

    with pytest.raises(Cancelled):
        running.pause(60)

    assert time.monotonic() - started < 10


def test_a_pause_that_nobody_ends_takes_its_time(running):
    started = time.monotonic()

    running.pause(0.05)

    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [(relay.FENCED, Superseded), (relay.LOST, Superseded), (relay.FULL, Overflowed)],
)
def test_a_log_that_takes_no_more_stops_its_job(running, refusal, reason):
    running.writer.refuse(refusal)

    assert is_stopped(running, reason)


# All of a process


@pytest.fixture
def live():
    return Live()


def test_a_job_that_comes_again_stays_with_the_process_that_works_on_it(live, running):
    change_job(running.claim.id, lease_until=time.time() - 1)

    with live.entered(running):
        assert live.keeps(running.claim.id)

    assert row_of(running.claim.id).lease_until > time.time()
    assert not live.keeps(running.claim.id)


def test_a_job_that_another_has_claimed_is_let_go(live, running):
    change_job(running.claim.id, lease_until=time.time() - 1)
    leases.claim(running.claim.id)

    with live.entered(running):
        assert not live.keeps(running.claim.id)

    assert is_stopped(running, Superseded)


def test_a_job_that_is_being_handed_over_is_not_kept(live, running):
    with live.entered(running):
        running.stop(HandedOver)

        assert not live.keeps(running.claim.id)


def test_leases_are_renewed_for_as_long_as_jobs_run(configure, each_database):
    configure(job_lease_s=0.4)
    live, running = Live(), Running(claimed())
    first = row_of(running.claim.id).lease_until

    with live.entered(running):
        wait_until(
            lambda: row_of(running.claim.id).lease_until > first + 0.5, 10, "several renewals"
        )
    last = row_of(running.claim.id).lease_until
    other = Running(claimed())
    with live.entered(other):
        moved = row_of(other.claim.id).lease_until
        wait_until(lambda: row_of(other.claim.id).lease_until > moved, 10, "another renewal")

    assert row_of(running.claim.id).lease_until == last


def test_a_flag_in_the_row_stops_a_job_although_no_message_came(configure, each_database):
    configure(job_lease_s=0.4)
    live, running = Live(), Running(claimed())

    with live.entered(running):
        leases.cancel(running.claim.id)
        wait_until(lambda: is_stopped(running, Cancelled), 10, "the flag to be seen")


def test_a_message_stops_a_job_at_once(live, running):
    with live.entered(running):

        def is_heard():
            relay.tell_workers_to_cancel(running.claim.id)
            return is_stopped(running, Cancelled)

        wait_until(is_heard, 5, "the message", every_s=0.01)


def test_messages_about_other_jobs_stop_nothing(live, running):
    with live.entered(running):
        for message in (b"cancel another", b"cancel ", b"nonsense", b'waiting "u"', None):
            live._on_control(message)

        running.check()


def test_a_job_that_is_over_is_not_stopped_any_more(live, running):
    with live.entered(running):
        pass

    live._on_control(b"cancel " + running.claim.id.encode())

    running.check()


def test_jobs_that_end_in_time_are_not_handed_over(live, running):
    ended = threading.Event()

    def work():
        with live.entered(running):
            ended.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: live._jobs, 5, "the job to run")
    going_down = threading.Thread(target=live.hand_over, args=(30,))
    going_down.start()
    wait_until(lambda: live.is_stopping, 5, "the process to go down")
    ended.set()
    going_down.join(10)
    thread.join(10)

    assert not going_down.is_alive()
    running.check()


def test_jobs_that_do_not_end_in_time_are_handed_over(live, running):
    with live.entered(running):
        live.hand_over(0)

    assert is_stopped(running, HandedOver)


def test_jobs_that_came_meanwhile_are_remembered_for_others(live):
    live.postpone("a")
    live.postpone("b")

    assert live.postponed() == ["a", "b"]


# Several attempts


@pytest.fixture
def quick(configure):
    """All of a process, with short leases."""
    configure(job_lease_s=0.4)
    return Live()


def attempt(job_id=None):
    return Running(leases.claim(job_id or new_job(new_user())))


def reason_of(job):
    return job._reason


def test_a_job_that_a_newer_attempt_has_is_stopped_although_it_says_nothing(quick):
    older = attempt()
    change_job(older.claim.id, lease_until=1.0)
    newer = leases.claim(older.claim.id)

    with quick.entered(older):
        wait_until(lambda: reason_of(older), 5, "the older one to be stopped")

    assert newer.attempt == 2
    assert reason_of(older) is Superseded


def test_of_two_attempts_in_one_process_the_older_is_stopped_and_the_newer_can_be(quick):
    older = attempt()
    change_job(older.claim.id, lease_until=1.0)
    newer = attempt(older.claim.id)

    with quick.entered(older), quick.entered(newer):
        leases.cancel(newer.claim.id)
        wait_until(lambda: reason_of(newer), 5, "the newer one to be stopped")

    assert (reason_of(older), reason_of(newer)) == (Superseded, Cancelled)


def test_the_keeper_goes_on_after_a_mistake(quick, monkeypatch, caplog):
    def stumble(_claims):
        raise RuntimeError("a mistake of ours")

    job = attempt()
    with quick.entered(job):
        with monkeypatch.context() as patch:
            patch.setattr(leases, "renew", stumble)
            wait_until(lambda: "a mistake of ours" in caplog.text, 5, "the mistake")
        leases.cancel(job.claim.id)

        wait_until(lambda: reason_of(job), 5, "the keeper to go on")


def test_a_job_that_comes_when_the_others_are_handed_over_is_handed_over_too(quick):
    quick.hand_over(0.0)

    late = attempt()
    with quick.entered(late):
        assert reason_of(late) is HandedOver
