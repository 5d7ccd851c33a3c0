"""Work that somebody waits for, by a real worker of the queue `quick`."""

import time
from typing import Any

from tests.services.client import Account
from tests.services.stack import Stack

STACK = {"quick": 1}
# Celery's loop wakes up once a second by itself; nobody must wait for that.
_TURNS, _MOST_S = 12, 9.0


def laid_out(account: Account, code: str = "x=1") -> Any:
    answer = account.api("POST", "/api/v1/utils/code/format", {"code": code}, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()["code"]


def test_whoever_comes_next_is_served_as_soon_as_the_one_before_is_done(alice: Account):
    laid_out(alice)
    begin = time.monotonic()

    for number in range(_TURNS):
        assert laid_out(alice, f"x={number}") == f"x = {number}\n"

    assert time.monotonic() - begin < _MOST_S


def test_a_worker_that_was_killed_is_as_good_as_new_when_it_is_started_again(
    stack: Stack, alice: Account
):
    laid_out(alice)

    stack.quick[0].restart()

    assert laid_out(alice, "y=2") == "y = 2\n"


def test_one_job_at_a_time_needs_one_process(stack: Stack):
    worker = stack.quick[0]

    assert len(worker.family()) == 1
