"""The admins' live page: who sees it, and what it shows before any script runs."""

import pytest

from shared.metrics import reports
from shared.models.job import FAILED, RUNNING
from tests.services.things import change_job, new_job, new_user
from web.admin.routes import _duration


@pytest.fixture
def page(admin):
    def load():
        answer = admin.get("/admin/jobs")
        assert answer.status_code == 200, answer.text
        return answer.text

    return load


# Who sees it


def test_a_stranger_is_asked_to_sign_in(stranger):
    answer = stranger.get("/admin/jobs")

    assert answer.status_code == 403
    assert 'id="sign-in"' in answer.text
    assert "data-key" not in answer.text


def test_whoever_is_no_admin_is_told_so(member):
    answer = member.get("/admin/jobs")

    assert answer.status_code == 401
    assert "who is no admin" in answer.text


def test_a_void_token_leads_to_the_door(stranger):
    answer = stranger.with_token("not.a.token").get("/admin/jobs")

    assert answer.status_code == 401
    assert 'id="sign-in"' in answer.text


@pytest.mark.parametrize("who", ["admin", "stranger"])
def test_no_browser_may_run_or_frame_anything_else(who, request):
    policy = request.getfixturevalue(who).get("/admin/jobs").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", ["admin.css", "jobs.js", "sign_in.js"])
def test_its_scripts_and_styles_are_files_of_ours(stranger, name):
    answer = stranger.get(f"/admin/assets/{name}")

    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["nothing.js", "../routes.py", "%2e%2e/routes.py"])
def test_nothing_else_is_served_beside_them(stranger, name):
    assert stranger.get(f"/admin/assets/{name}").status_code == 404


# What it shows


def test_an_empty_house_says_so(page):
    shown = page()

    assert "Nothing runs right now." in shown
    assert "Nothing has failed. Good." in shown


def test_jobs_that_run_wait_and_failed_are_shown(each_database, page):
    owner = new_user()
    running, waiting, failed = (new_job(owner) for _ in range(3))
    change_job(running, status=RUNNING)
    change_job(failed, status=FAILED, result={"reason": "timeout"}, error="too <late>")

    shown = page()

    for job_id in (running, waiting, failed):
        assert f'data-key="{job_id}"' in shown
    assert owner.name in shown
    assert "timeout" in shown
    assert "too &lt;late&gt;" in shown


def test_what_was_asked_is_not_shown(page):
    new_job(new_user())

    assert "Hello?" not in page()


def test_processes_are_shown_with_what_they_serve(page, monkeypatch):
    monkeypatch.setattr(reports, "_me", reports._Me("inference", ("interactive", "batch")))
    reports.add_gauge("jobs_running", lambda: 7)
    reports.tell()

    shown = page()

    assert "interactive, batch" in shown
    assert "7 jobs" in shown


def test_a_queue_in_which_jobs_wait_and_nobody_works_is_marked(page):
    new_job(new_user())

    assert 'data-key="interactive" data-stuck="yes"' in page()


def test_a_page_without_redis_says_what_is_wrong(mortal_valkey, admin):
    admin.get("/admin/jobs")
    mortal_valkey.kill()

    answer = admin.get("/admin/jobs")

    assert answer.status_code == 503
    assert "not available right now" in answer.text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (61, "1 min 1 s"),
        (3660, "1 h 1 min"),
        (90_000, "1 d 1 h"),
        (None, ""),
    ],
)
def test_durations_are_written_in_their_two_largest_units(seconds, words):
    assert _duration(seconds) == words
