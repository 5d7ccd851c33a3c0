"""Tasks: the contract's older doors to the jobs that work on a chat."""

import pytest

from shared.kinds.inference import WRITE_TITLE, WriteTitle
from shared.models.job import CANCELLED, COMPLETED, QUEUED, RUNNING
from tests.services.things import change_job, new_job, row_of

TASKS = "/api/tasks"


def title(owner, chat_id):
    return new_job(owner, WRITE_TITLE, WriteTitle(model="alpha"), chat_id=chat_id)


def test_open_jobs_are_listed_for_their_owner(each_database, member, other):
    mine, done = new_job(member.user), new_job(member.user)
    change_job(done, status=COMPLETED)
    new_job(other.user)

    assert member.get(TASKS).json == {"tasks": [mine]}


def test_the_answers_of_a_chat_are_listed_without_title_and_tags(each_database, member):
    answer = new_job(member.user, chat_id="c")
    title(member.user, "c")

    assert member.get(f"{TASKS}/chat/c").json == {"task_ids": [answer]}


@pytest.mark.parametrize("chat_id", ["c", "unknown", "local:s", "a/b"])
def test_of_foreign_and_missing_chats_nothing_is_listed(member, other, chat_id):
    new_job(other.user, chat_id="c")

    answer = member.get(f"{TASKS}/chat/{chat_id}")

    assert (answer.status_code, answer.json) == (200, {"task_ids": []})


@pytest.mark.parametrize(("status", "after"), [(QUEUED, CANCELLED), (RUNNING, RUNNING)])
def test_a_task_is_stopped_by_its_owner(each_database, member, status, after):
    job_id = new_job(member.user)
    change_job(job_id, status=status)

    answer = member.post(f"{TASKS}/stop/{job_id}")

    assert answer.status_code == 200
    assert (answer.json["status"], job_id in answer.json["message"]) == (True, True)
    assert (row_of(job_id).status, row_of(job_id).cancel_requested) == (after, True)


def test_nobody_stops_the_task_of_another(each_database, member, other):
    job_id = new_job(other.user)

    foreign = member.post(f"{TASKS}/stop/{job_id}")
    missing = member.post(f"{TASKS}/stop/nowhere")

    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.json["detail"].replace(job_id, "X") == missing.json["detail"].replace(
        "nowhere", "X"
    )
    assert row_of(job_id).status == QUEUED


def test_an_admin_stops_any_task(admin, other):
    job_id = new_job(other.user)

    assert admin.post(f"{TASKS}/stop/{job_id}").status_code == 200
    assert row_of(job_id).status == CANCELLED


def test_todays_page_stops_all_that_works_on_a_chat(each_database, member, other):
    mine = {new_job(member.user, chat_id="c"), title(member.user, "c")}
    elsewhere, theirs = new_job(member.user, chat_id="d"), new_job(other.user, chat_id="c")

    answer = member.post(f"{TASKS}/chat/c/stop").json

    assert (answer["status"], set(answer["task_ids"])) == (True, mine)
    assert {row_of(job_id).status for job_id in mine} == {CANCELLED}
    assert {row_of(elsewhere).status, row_of(theirs).status} == {QUEUED}


def test_where_nothing_works_nothing_is_stopped(member):
    assert member.post(f"{TASKS}/chat/c/stop").json == {"status": False, "task_ids": []}


def test_tasks_are_for_active_accounts(stranger, new_caller):
    for method, path in (("GET", TASKS), ("POST", f"{TASKS}/stop/x"), ("GET", f"{TASKS}/chat/c")):
        assert stranger.send(method, path).status_code == 403
        assert new_caller("pending").send(method, path).status_code == 401
