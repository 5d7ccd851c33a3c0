"""What operators see of real processes."""

import httpx

from tests.services.client import Account, api
from tests.services.stack import Stack
from tests.services.waiting import wait_until

STACK = {"env": {"METRICS_TOKEN": "for-prometheus"}}
TOKEN = {"Authorization": "Bearer for-prometheus"}


def ready(stack: Stack) -> httpx.Response:
    return api("GET", f"{stack.base}/health/ready?queues=interactive,default,batch")


def metrics(stack: Stack) -> str:
    return api("GET", f"{stack.base}/metrics", headers=TOKEN).text


def test_counts_of_all_processes_are_read_at_one_of_them(stack: Stack, alice: Account):
    alice.follow(alice.ask("tokens=8"))

    wait_until(lambda: "inference.run_chat" in metrics(stack), 10, "the counts", every_s=0.2)

    seen = metrics(stack)
    assert 'switchyard_process_jobs_running{process="inference1"' in seen
    assert 'switchyard_process_streams_open{process="web"' in seen
    assert 'switchyard_first_token_seconds_count{queue="interactive"' in seen


def test_a_worker_that_is_stopped_is_missed_at_once(stack: Stack):
    wait_until(lambda: ready(stack).status_code == 200, 10, "the worker to be there")

    stack.inference[0].stop()

    answer = ready(stack)
    assert answer.status_code == 503
    assert "workers of interactive" in answer.json()["missing"]
    stack.inference[0].restart()
    wait_until(lambda: ready(stack).status_code == 200, 10, "the worker to be back")
