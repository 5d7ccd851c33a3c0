"""Users take turns: whoever has a thousand jobs waiting does not hold up the next one."""

import itertools

import pytest

from tests.services.client import Account, add_user, signup
from tests.services.stack import Stack
from tests.services.waiting import wait_until

_JOBS = 12
_QUESTION = "one of many delay=20 tokens=20"


@pytest.fixture
def narrow(new_stack) -> Stack:
    """A stack whose only worker does one job at a time."""
    return new_stack(env={"INFERENCE_CONCURRENCY": "1"})


def test_a_newcomers_job_waits_for_no_more_than_the_one_that_runs(narrow: Stack):
    crowd = signup(narrow.base)
    model = crowd.model()
    newcomer = add_user(crowd, "admin")
    jobs = [crowd.ask(_QUESTION, model) for _ in range(_JOBS)]
    wait_until(lambda: crowd.job(jobs[2])["status"] == "completed", 20, "the crowd to be served")

    reader = newcomer.reader(newcomer.ask(_QUESTION, model))
    before = _ended(crowd, jobs)
    reader.finish(30)
    after = _ended(crowd, jobs)

    assert reader.end == "completed"
    assert after - before <= 3, "the one that ran, and those that went by while we looked"
    assert after < _JOBS


def _ended(account: Account, jobs: list[str]) -> int:
    return sum(account.job(job)["status"] == "completed" for job in jobs)


def test_jobs_that_wait_for_a_worker_are_told_their_places(narrow: Stack):
    crowd = signup(narrow.base)
    model = crowd.model()
    jobs = [crowd.ask("slow delay=50 tokens=40", model) for _ in range(4)]

    last = crowd.follow(jobs[-1])

    places = [event["data"]["position"] for event in last.events if event["type"] == "queued"]
    assert places
    assert all(later < earlier for earlier, later in itertools.pairwise(places))
    last.assert_unbroken()


def test_a_quota_holds_at_every_process_and_is_settled_by_the_workers(new_stack):
    stack = new_stack(web=2)
    admin = signup(stack.base)
    quota = {"scope": "user", "measure": "running", "amount": 2}
    assert admin.api("POST", "/api/v1/quotas/", quota).status_code == 201
    elsewhere = admin.at(stack.bases[1])
    wait_until(
        lambda: admin.try_to_ask("hello tokens=1").headers.get("X-RateLimit-Limit-Running"),
        5,
        "the quota to be known",
    )

    # None of them ends while the others are asked, however busy this machine is.
    answers = [who.try_to_ask("slow delay=100 tokens=300") for who in (admin, elsewhere) * 4]
    accepted = [answer.json()["job"] for answer in answers if answer.status_code == 202]
    refused = [answer for answer in answers if answer.status_code == 429]

    assert 1 <= len(accepted) <= 2
    assert len(refused) == len(answers) - len(accepted)
    assert all(answer.headers["Retry-After"] for answer in refused)
    for job in accepted:
        admin.cancel(job)
        assert admin.follow(job).end == "cancelled"
    wait_until(lambda: elsewhere.try_to_ask("hello tokens=1").status_code == 202, 5, "room again")
