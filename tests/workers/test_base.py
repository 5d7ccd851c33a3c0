"""Every way in which an attempt at a job can begin and end."""

import time
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import DataError, OperationalError

from shared import db, leases
from shared.errors import Invalid, Unavailable
from shared.flusher import flusher
from shared.kinds.inference import WRITE_TITLE, WriteTitle
from shared.log import job_id as job_of_log
from shared.log import request_id as request_of_log
from shared.models.job import CANCELLED, COMPLETED, FAILED, QUEUED, RUNNING
from tests.services.inside import sent
from tests.services.things import (
    change_job,
    new_job,
    new_user,
    row_of,
    running_answer,
    stored_message,
    told,
)
from tests.shared.claiming import lapse
from workers import base, ending, line
from workers.live import Cancelled, Superseded


def run(job_id):
    """Do a job, and give how it ended by its row and by its log."""
    base.run(job_id)
    assert flusher.drain(5)
    return row_of(job_id).status, told(job_id)


def fail(error):
    def act(*_):
        raise error

    return act


# Well


def test_a_job_names_the_request_that_asked_for_it_in_its_lines(each_database, work):
    seen = []
    work.do = lambda job: seen.append(request_of_log.get())
    token = request_of_log.set("asked-by-this")
    job_id = new_job(new_user())
    request_of_log.reset(token)

    run(job_id)

    assert seen == ["asked-by-this"]
    assert request_of_log.get() == ""


def test_a_job_that_is_done_has_its_result_in_row_and_log(each_database, work):
    work.do = lambda job: job.writer.text("made")

    status, events = run(new_job(new_user()))

    assert status == COMPLETED
    assert events == [
        ("started", {}),
        ("delta", {"text": "made"}),
        ("completed", {"x": 1}),  # the text was told before
    ]
    assert work.saved == [(COMPLETED, None)]


def test_the_row_keeps_result_and_usage(each_database, work):
    work.result = {"text": "made", "usage": {"t": 1}}
    job_id = new_job(new_user())

    run(job_id)

    job = row_of(job_id)
    assert (job.result, job.usage, job.error) == (work.result, {"t": 1}, None)
    assert (job.attempt, job.lease_until) == (1, None)
    assert job.started_at <= job.finished_at


def test_a_job_is_done_once_however_often_it_is_sent(work):
    job_id = new_job(new_user())

    results = [base.run(job_id) for _ in range(3)]

    assert results == [COMPLETED, None, None]
    assert len(work.saved) == 1


def test_a_job_that_another_has_is_left_alone(work):
    job_id = new_job(new_user())
    leases.claim(job_id)

    assert (base.run(job_id), work.saved) == (None, [])
    assert row_of(job_id).status == RUNNING


def test_a_job_that_does_not_exist_is_no_error(work):
    assert base.run("nobody's") is None


def test_lines_of_the_log_carry_the_job_while_it_runs(work):
    seen = []
    work.do = lambda job: seen.append(job_of_log.get())
    job_id = new_job(new_user())

    run(job_id)

    assert (seen, job_of_log.get()) == ([job_id], "")


def test_no_transaction_is_open_while_a_job_works(work):
    with pytest.raises(RuntimeError):
        db.session()
    seen = []

    def look(_job):
        with pytest.raises(RuntimeError):
            db.session()
        seen.append(1)

    work.do = look
    run(new_job(new_user()))

    assert seen == [1]


def test_a_job_with_a_field_of_a_newer_version_is_left_for_a_newer_worker(each_database, work):
    job_id = new_job(new_user())
    known = row_of(job_id).request
    change_job(job_id, request={**known, "of_the_next_version": 1}, sent_at=None)

    assert base.run(job_id) == QUEUED

    job = row_of(job_id)
    assert (job.status, job.attempt, job.started_at, job.lease_until) == (QUEUED, 0, None, None)
    assert job.sent_at is not None  # the sweeper counts from there
    assert (work.saved, told(job_id)) == ([], [])
    change_job(job_id, request=known)  # as if somebody knew it
    assert run(job_id)[1][0] == ("started", {})


def test_a_job_of_a_lost_newer_worker_is_left_as_it_was(work):
    job_id = new_job(new_user())
    leases.claim(job_id)
    change_job(job_id, request={**row_of(job_id).request, "of_the_next_version": 1})
    lapse(job_id)
    started_at = row_of(job_id).started_at

    assert base.run(job_id) == QUEUED

    job = row_of(job_id)
    assert (job.attempt, job.handed_over, job.started_at) == (1, 0, started_at)


# Badly


def test_a_failure_keeps_what_was_made(each_database, work):
    work.do = fail(Invalid("host: no"))
    job_id = new_job(new_user())

    status, events = run(job_id)

    assert (status, row_of(job_id).error) == (FAILED, "host: no")
    assert row_of(job_id).result["text"] == "made"
    assert events[-1] == ("failed", {"error": "host: no", "reason": "bad_request", "x": 1})
    assert work.saved == [(FAILED, "host: no")]


@pytest.mark.parametrize("stage", ["load", "do"])
def test_a_mistake_of_the_program_ends_its_job_and_is_logged(work, stage, caplog):
    setattr(work, stage, fail(ZeroDivisionError("secret")))

    status, events = run(new_job(new_user()))

    assert status == FAILED
    assert "secret" not in str(events)
    assert "ZeroDivisionError" in caplog.text


def test_a_job_that_cannot_begin_lets_go_of_its_message(each_database, work):
    work.load = fail(Invalid("The model is gone."))
    chat_id, job_id = running_answer(new_user())

    run(job_id)

    row = stored_message(chat_id, "a")
    assert (row.is_running, row.content) == (False, "")
    assert row.data == {"error": {"content": "The model is gone."}, "done": True}
    assert work.saved == []


@pytest.mark.parametrize(
    "error",
    [
        ValueError("odd"),
        DataError("INSERT", {}, Exception("too long")),
    ],
)
def test_a_job_whose_work_cannot_be_stored_fails(each_database, work, error, caplog):
    work.result = fail(error)
    chat_id, job_id = running_answer(new_user())

    status, events = run(job_id)

    assert status == FAILED
    assert events[-1][0] == "failed"
    assert events[-1][1]["error"].startswith("Something went wrong")
    assert not stored_message(chat_id, "a").is_running
    assert "cannot be stored" in caplog.text


def test_a_request_that_cannot_be_read_fails_its_job(work, caplog):
    work.load = lambda job: job.payload
    job_id = new_job(new_user())
    change_job(job_id, request={"body": "of an older version"})

    status, events = run(job_id)

    assert (status, events[-1][0]) == (FAILED, "failed")


def test_a_database_that_is_away_at_the_end_is_waited_for(work, monkeypatch, caplog):
    away = [Unavailable("away"), OperationalError("COMMIT", {}, Exception("locked"))]
    pauses = []
    clock = SimpleNamespace(sleep=pauses.append, monotonic=time.monotonic)
    monkeypatch.setattr(ending, "time", clock)
    work.result = lambda: fail(away.pop())() if away else {"text": "made"}

    status, events = run(new_job(new_user()))

    assert (status, events[-1]) == (COMPLETED, ("completed", {}))
    assert len(pauses) == 2


def test_a_log_that_is_full_ends_its_job(work, configure):
    configure(job_log_max_events=101)

    def flood(job):
        for number in range(200):
            job.writer.emit("progress", {"done": number})
            assert flusher.drain(5)
            job.check()

    work.do = flood

    status, events = run(new_job(new_user()))

    assert (status, events[-1][0]) == (FAILED, "failed")
    assert "longer" in events[-1][1]["error"]
    assert len(events) == 102


# Stopped


@pytest.mark.parametrize("moment", ["in the middle", "at the end"])
def test_a_cancelled_job_keeps_what_it_has_made(each_database, work, moment):
    def do(job):
        job.stop(Cancelled)
        if moment == "in the middle":
            job.check()

    work.do = do

    status, events = run(new_job(new_user()))

    assert (status, events) == (CANCELLED, [("started", {}), ("cancelled", {"x": 1})])
    assert work.saved == [(CANCELLED, None)]


def test_a_job_that_was_cancelled_while_its_worker_was_lost_does_nothing_more(work):
    chat_id, job_id = running_answer(new_user())
    leases.claim(job_id)
    leases.cancel(job_id)
    lapse(job_id)

    status, events = run(job_id)

    assert (status, [kind for kind, _ in events]) == (CANCELLED, ["cancelled"])
    assert work.saved == []
    assert not stored_message(chat_id, "a").is_running


def test_a_job_that_another_attempt_has_writes_nothing_more(work):
    def lose_it(job):
        lapse(job.claim.id)
        leases.claim(job.claim.id)
        job.stop(Superseded)
        job.check()

    work.do = lose_it
    job_id = new_job(new_user())

    status, events = run(job_id)

    assert (status, events, work.saved) == (RUNNING, [("started", {})], [])


def test_a_job_that_another_attempt_has_taken_unnoticed_stores_nothing(each_database, work):
    def lose_it(job):
        lapse(job.claim.id)
        leases.claim(job.claim.id)

    work.do = lose_it
    work.result = lambda: {"made": new_user().id}
    job_id = new_job()

    assert base.run(job_id) is None
    flusher.drain(5)

    assert (row_of(job_id).status, row_of(job_id).attempt) == (RUNNING, 2)
    assert [kind for kind, _ in told(job_id)] == ["started"]


def test_a_process_that_is_going_down_begins_nothing(work, live):
    live.is_stopping = True
    job_id = new_job(new_user())

    base.run(job_id)

    assert row_of(job_id).status == QUEUED
    assert live.postponed() == [job_id]


# In line


def test_a_job_beyond_its_users_limit_tells_its_place(each_database, work, configure):
    configure(job_max_running_per_user=1)
    owner = new_user()
    leases.claim(new_job(owner))

    status, events = run(new_job(owner))

    assert (status, events) == (QUEUED, [("queued", {"position": 1})])


def test_the_next_in_line_is_woken_when_a_job_ends(work, configure, monkeypatch):
    configure(job_max_running_per_user=1)
    owner = new_user()
    first, second = sorted((new_job(owner), new_job(owner)))
    monkeypatch.setattr(line, "_waiting", {owner.id: time.monotonic() + 60})

    run(first)

    assert sent() == [first, second, second]


def test_an_end_wakes_nobody_where_nobody_waits(work, configure):
    configure(job_max_running_per_user=1)
    owner = new_user()
    first, second = sorted((new_job(owner), new_job(owner)))

    run(first)

    assert sent() == [first, second]


# Kinds


def test_every_kind_has_its_work():
    assert {"inference.run_chat", "inference.write_title", "catalogue.refresh_models"} <= set(
        base.works()
    )


def test_a_kind_without_work_fails_its_job(work, monkeypatch, caplog):
    monkeypatch.delitem(base._WORKS, WRITE_TITLE.name)

    status, _ = run(new_job(new_user(), WRITE_TITLE, WriteTitle(model="alpha")))

    assert status == FAILED
