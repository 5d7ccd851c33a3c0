"""What Prometheus reads."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.metrics import reports
from shared.metrics.catalogue import METRICS
from shared.metrics.reports import _Me
from tests.services.things import new_job, new_user, offer
from tests.services.waiting import wait_until

TOKEN = {"Authorization": "Bearer for-prometheus"}


@pytest.fixture
def scrape(stranger, configure, monkeypatch):
    """Read the metrics: samples by name, each with its labels and its value."""
    configure(metrics_token="for-prometheus")
    monkeypatch.setattr(reports, "_me", _Me())
    for metric in METRICS:
        metric.forget()

    def read():
        reports.send_counts()
        answer = stranger.get("/metrics", headers=TOKEN)
        assert answer.status_code == 200, answer.text
        found = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    return read


def value(found, name, **labels):
    """Give the one sample that has these labels."""
    fit = [number for told, number in found[name] if labels.items() <= told.items()]
    assert len(fit) == 1, (name, labels, found[name])
    return fit[0]


def test_there_is_no_such_page_without_a_token_of_its_own(stranger, admin):
    assert stranger.get("/metrics").status_code == 404
    assert admin.get("/metrics").status_code == 404


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic for-prometheus"])
def test_nobody_reads_them_with_anything_but_the_token(stranger, configure, header):
    configure(metrics_token="for-prometheus")

    answer = stranger.get("/metrics", headers={"Authorization": header})

    assert answer.status_code == 401


def test_jobs_that_wait_are_told_by_queue_and_model(each_database, scrape):
    new_job(new_user())
    new_job(new_user())

    found = scrape()

    assert value(found, "switchyard_jobs_open", queue="interactive", status="queued") == 2
    assert value(found, "switchyard_queue_oldest_seconds", queue="batch") == 0


def test_what_became_of_an_answer_is_told_by_model(scrape, worker, openai_server, member):
    offer("alpha", url=openai_server.url)
    question = {"model": "alpha", "messages": [{"role": "user", "content": "tokens=20 gap=0.01"}]}

    answer = member.post("/v1/chat/completions", {**question, "stream": False})

    assert answer.status_code == 200, answer.text
    found = wait_until(lambda: _with_an_end(scrape()), 5, "the end to be counted")
    of_alpha = {"queue": "interactive", "model": "alpha"}
    assert value(found, "switchyard_job_attempts_total", why="first", **of_alpha) == 1
    assert value(found, "switchyard_queue_wait_seconds_count", **of_alpha) == 1
    assert value(found, "switchyard_first_token_seconds_count", **of_alpha) == 1
    assert value(found, "switchyard_jobs_ended_total", status="completed", **of_alpha) == 1
    assert value(found, "switchyard_tokens_total", model="alpha", direction="completion") == 22


def _with_an_end(found):
    return found if "switchyard_jobs_ended_total" in found else None


def test_a_failure_is_told_with_its_reason(scrape, worker, openai_server, member):
    offer("alpha", url=openai_server.url)
    question = {"model": "alpha", "messages": [{"role": "user", "content": "fail=401"}]}

    member.post("/v1/chat/completions", question)

    found = wait_until(lambda: _with_an_end(scrape()), 5, "the end to be counted")
    why = {"status": "failed", "reason": "misconfigured", "model": "alpha"}
    assert value(found, "switchyard_jobs_ended_total", **why) == 1


def test_requests_are_told_by_area_and_status(scrape, stranger):
    stranger.get("/health")
    stranger.get("/api/v1/chats/")
    stranger.post("/v1/nothing")

    found = scrape()

    assert value(found, "switchyard_http_request_seconds_count", area="system", status="200") == 1
    assert value(found, "switchyard_http_request_seconds_count", area="chats", status="403") == 1
    assert value(found, "switchyard_http_request_seconds_count", method="POST", status="404") == 1


def test_processes_tell_of_themselves(scrape):
    reports.identify("inference", ("interactive", "default"))
    reports.add_gauge("jobs_running", lambda: 4)
    reports.tell()

    found = scrape()

    assert value(found, "switchyard_process_resident_memory_bytes", process="inference") > 1e6
    assert value(found, "switchyard_process_jobs_running", process="inference") == 4
    assert value(found, "switchyard_queue_workers", queue="interactive") == 1
    assert value(found, "switchyard_queue_workers", queue="compute") == 0
