"""Jobs as their owners see them: limits, lists, cancel, retry, endings."""

import pytest

from shared import db, leases, relay
from shared.errors import Busy, Invalid, NotFound
from shared.ids import now_s
from shared.kinds.catalogue import REFRESH_MODELS, RefreshModels
from shared.kinds.inference import RUN_CHAT, WRITE_TITLE, RunChat, WriteTitle
from shared.models.job import CANCELLED, COMPLETED, FAILED, QUEUED, RUNNING, Job
from shared.queue import Subject
from shared.services import chats, jobs, messages
from tests.services.crowd import at_once
from tests.services.inside import sent
from tests.services.things import (
    change_job,
    message,
    new_chat,
    new_job,
    new_user,
    row_of,
    running_answer,
    stored_message,
    told,
)

pytestmark = pytest.mark.usefixtures("each_database")
# For what no database decides.
on_any_database = pytest.mark.parametrize("each_database", ["sqlite"], indirect=True)


@pytest.fixture
def owner():
    return new_user()


def accept(user, **about):
    with db.transaction():
        payload = RunChat(body={}, model="alpha")
        return jobs.accept(RUN_CHAT, payload, Subject(user.id, **about))


# Limits


def test_a_user_has_a_bounded_queue(configure, owner):
    configure(job_max_queued_per_user=2)
    first, _ = accept(owner), accept(owner)

    with pytest.raises(Busy) as caught:
        accept(owner)
    leases.claim(first)

    assert caught.value.retry_after_s > 0
    assert accept(owner)


def test_of_many_who_come_at_once_no_more_are_taken_than_may_wait(configure, owner):
    configure(job_max_queued_per_user=5)

    def try_to(_number):
        try:
            return accept(owner)
        except Busy:
            return None

    assert sum(job_id is not None for job_id in at_once(12, try_to)) == 5


def test_one_users_queue_is_not_anothers(configure, owner):
    configure(job_max_queued_per_user=1)
    accept(owner)

    assert accept(new_user())


def test_zero_means_that_any_number_may_wait(configure, owner):
    configure(job_max_queued_per_user=0)

    assert len({accept(owner) for _ in range(5)}) == 5


def test_a_refused_job_leaves_nothing(configure, owner):
    configure(job_max_queued_per_user=1)
    kept = accept(owner)

    with pytest.raises(Busy):
        accept(owner)

    assert sent() == [kept]


# Lists


def listed(user, status=None, before=None, limit=50):
    with db.reading():
        return [job.id for job in jobs.listed(user, status, before, limit)]


def test_a_user_sees_the_own_jobs_newest_first(owner):
    made = [new_job(owner) for _ in range(3)]
    new_job(new_user())

    assert listed(owner) == sorted(made, reverse=True)


def test_an_admin_lists_the_own_jobs_only(owner):
    new_job(owner)

    assert listed(new_user("admin")) == []


def test_lists_have_pages(owner):
    made = sorted((new_job(owner) for _ in range(5)), reverse=True)

    assert listed(owner, limit=2) == made[:2]
    assert listed(owner, before=made[1], limit=2) == made[2:4]
    assert listed(owner, before=made[4]) == []


def test_lists_can_be_kept_to_a_status(owner):
    queued, running = new_job(owner), new_job(owner)
    leases.claim(running)

    assert (listed(owner, QUEUED), listed(owner, RUNNING)) == ([queued], [running])


def test_the_inner_jobs_of_the_server_are_not_listed(owner):
    new_job(owner, REFRESH_MODELS, RefreshModels())

    assert listed(owner) == []


def test_open_jobs_are_those_that_have_not_ended(owner):
    queued, running, done = (new_job(owner) for _ in range(3))
    leases.claim(running)
    change_job(done, status=COMPLETED)

    with db.reading():
        assert jobs.open_of(owner) == sorted([queued, running])


def test_the_open_jobs_of_a_chat_are_shown_to_its_owner_and_admins(owner):
    answer = new_job(owner, chat_id="c")
    title = new_job(owner, WRITE_TITLE, WriteTitle(model="alpha"), chat_id="c")

    with db.reading():
        assert set(jobs.open_of_chat(owner, "c")) == {answer, title}
        assert jobs.open_of_chat(owner, "c", RUN_CHAT) == [answer]
        assert set(jobs.open_of_chat(new_user("admin"), "c")) == {answer, title}
        assert jobs.open_of_chat(new_user(), "c") == []


# Cancel


def test_cancelling_a_waiting_job_ends_it_and_tells_its_readers(owner):
    job_id = new_job(owner)

    status = jobs.cancel(owner, job_id)

    assert (status, row_of(job_id).status) == (CANCELLED, CANCELLED)
    assert told(job_id) == [("cancelled", {})]


def test_cancelling_a_waiting_answer_lets_go_of_its_message(owner):
    chat_id, job_id = running_answer(owner)

    jobs.cancel(owner, job_id)

    row = stored_message(chat_id, "a")
    assert (row.is_running, row.content) == (False, "")
    assert row.data == {"cancelled": True, "done": True}


def test_cancelling_a_running_job_flags_it_and_tells_its_worker(owner):
    job_id = new_job(owner)
    leases.claim(job_id)

    statuses = [jobs.cancel(owner, job_id) for _ in range(3)]

    assert statuses == [RUNNING] * 3
    assert row_of(job_id).cancel_requested
    assert told(job_id) == []


def test_cancelling_an_ended_job_changes_nothing(owner):
    job_id = new_job(owner)
    change_job(job_id, status=COMPLETED)

    assert jobs.cancel(owner, job_id) == COMPLETED
    assert row_of(job_id).status == COMPLETED


def test_only_owner_and_admins_cancel(owner):
    job_id = new_job(owner)

    for stranger in (new_user(), new_user("pending")):
        with pytest.raises(NotFound):
            jobs.cancel(stranger, job_id)
    assert row_of(job_id).status == QUEUED
    assert jobs.cancel(new_user("admin"), job_id) == CANCELLED


def test_nobody_cancels_what_is_not_there(owner):
    with pytest.raises(NotFound):
        jobs.cancel(owner, "nothing")


# Retry


def retry(user, job_id):
    with db.transaction():
        return jobs.retry(user, job_id)


@pytest.mark.parametrize("status", [FAILED, CANCELLED])
def test_a_job_that_failed_can_be_done_again_as_a_new_one(owner, status):
    job_id = new_job(owner)
    change_job(job_id, status=status)

    again = retry(owner, job_id)

    assert again != job_id
    assert (row_of(again).status, row_of(again).request) == (QUEUED, row_of(job_id).request)
    assert sent()[-1] == again
    assert row_of(job_id).status == status


@on_any_database
@pytest.mark.parametrize("status", [QUEUED, RUNNING, COMPLETED])
def test_a_job_that_did_not_fail_is_not_done_again(owner, status):
    job_id = new_job(owner)
    change_job(job_id, status=status)

    with pytest.raises(Invalid, match=status):
        retry(owner, job_id)


def test_only_owner_and_admins_do_a_job_again(owner):
    job_id = new_job(owner)
    change_job(job_id, status=FAILED)

    with pytest.raises(NotFound):
        retry(new_user(), job_id)
    assert row_of(retry(new_user("admin"), job_id)).user_id == owner.id


def test_doing_a_job_again_counts_against_the_owners_queue(configure, owner):
    job_id = new_job(owner)
    change_job(job_id, status=FAILED)
    configure(job_max_queued_per_user=1)
    accept(owner)

    with pytest.raises(Busy):
        retry(owner, job_id)


def failed_answer(owner, written="half an answer", **request):
    """Store an answer whose job has failed."""
    chat_id, job_id = running_answer(owner)
    with db.transaction():
        messages.finish_answer(chat_id, "a", job_id, written, {"error": {"content": "no"}})
    change_job(job_id, status=FAILED, request={**row_of(job_id).request, **request})
    return chat_id, job_id


def test_an_answer_done_again_begins_empty(owner):
    chat_id, job_id = failed_answer(owner)

    again = retry(owner, job_id)

    row = stored_message(chat_id, "a")
    assert (row.job_id, row.is_running, row.content, row.data) == (again, True, "", {})


def test_an_answer_that_went_on_goes_on_from_the_same_place_again(owner):
    asked = {"role": "assistant", "content": "It was "}
    chat_id, job_id = failed_answer(owner, "It was a da", body={"messages": [asked]})

    again = retry(owner, job_id)
    with db.transaction():
        messages.finish_answer(chat_id, "a", again, "dark.", {})

    assert stored_message(chat_id, "a").content == "It was dark."


def test_finding_a_title_again_leaves_the_answer_alone(owner):
    sent_ones = (message("q"), message("a", "q", "assistant", content="the answer"))
    chat = new_chat(owner, *sent_ones)
    title = new_job(owner, WRITE_TITLE, WriteTitle(model="alpha"), chat_id=chat.id, message_id="a")
    change_job(title, status=FAILED)

    retry(owner, title)

    row = stored_message(chat.id, "a")
    assert (row.content, row.is_running, row.job_id) == ("the answer", False, None)


def test_an_answer_whose_chat_is_gone_is_not_done_again(owner):
    chat_id, job_id = failed_answer(owner)
    with db.transaction():
        chats.remove(chats.find(chat_id))

    with pytest.raises(NotFound):
        retry(owner, job_id)


# Endings


@on_any_database
@pytest.mark.parametrize(
    ("values", "ending"),
    [
        ({"status": QUEUED}, None),
        ({"status": RUNNING}, None),
        ({"status": COMPLETED, "result": {"text": "x"}}, (COMPLETED, {"text": "x"})),
        ({"status": CANCELLED, "result": None}, (CANCELLED, {})),
        (
            {"status": FAILED, "error": "no", "result": {"text": "x"}},
            (FAILED, {"text": "x", "error": "no"}),
        ),
        ({"status": FAILED, "error": None}, (FAILED, {"error": "The job failed."})),
    ],
)
def test_the_row_knows_how_a_job_ended(owner, values, ending):
    job_id = new_job(owner)
    change_job(job_id, **values)

    assert jobs.last_event(row_of(job_id)) == ending


def test_a_log_without_its_end_is_closed_from_the_row(owner):
    job_id = new_job(owner)
    relay.append(job_id, 1, "delta", {"text": "It was "})
    change_job(job_id, status=COMPLETED, result={"text": "It was dark."})

    for _ in range(2):
        jobs.close_log(row_of(job_id))

    assert told(job_id)[1:] == [
        ("delta", {"text": "dark."}),
        ("completed", {"text": "It was dark."}),
    ]


def test_the_log_of_a_job_under_way_stays_open(owner):
    job_id = new_job(owner)

    jobs.close_log(row_of(job_id))

    assert told(job_id) == []


def test_old_jobs_are_purged_and_those_under_way_stay(owner, monkeypatch):
    monkeypatch.setattr(jobs, "_PURGED_AT_ONCE", 2)
    before = now_s() + 100
    old, (fresh, running) = [new_job(owner) for _ in range(5)], (new_job(owner), new_job(owner))
    for job_id in old:
        change_job(job_id, status=COMPLETED, finished_at=before - 1)
    change_job(fresh, status=COMPLETED, finished_at=before + 1)

    assert jobs.purge(before) == 5

    with db.reading() as session:
        assert {job.id for job in session.query(Job)} == {fresh, running}


def test_a_job_that_was_accepted_later_is_not_looked_at(owner):
    job_id = new_job(owner)
    change_job(job_id, status=COMPLETED, finished_at=1)

    assert jobs.purge(now_s() - 100) == 0


def test_cancelling_a_job_that_has_lost_its_worker_keeps_what_was_said(owner):
    chat_id, job_id = running_answer(owner)
    leases.claim(job_id)
    relay.append(job_id, 1, "delta", {"text": "half an"})
    change_job(job_id, status=QUEUED)

    assert jobs.cancel(owner, job_id) == CANCELLED

    assert row_of(job_id).result == {"text": "half an"}
    assert stored_message(chat_id, "a").content == "half an"


def test_a_job_is_cancelled_although_redis_is_away(mortal_valkey, owner):
    waiting, running = new_job(owner), new_job(owner)
    leases.claim(running)
    mortal_valkey.kill()

    statuses = [jobs.cancel(owner, job_id) for job_id in (waiting, running)]

    assert statuses == [CANCELLED, RUNNING]
    assert row_of(running).cancel_requested
