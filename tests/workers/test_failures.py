"""Why a job failed reaches its row and its last event, in words and in one for programs."""

import pytest

from shared import db, relay
from shared.errors import NotFound, Reason, SwitchyardError
from shared.kinds.inference import RUN_CHAT
from shared.models.job import Job
from shared.services import jobs
from tests.services.things import new_job, new_user, row_of
from tests.services.waiting import wait_until
from web.stream.hub import ending_of
from workers import base
from workers.providers.errors import Refused, Unavailable

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def run_and_fail(monkeypatch):
    """Run a job whose work raises an error, and give its id."""

    def run(error, run_job=base.run):
        class Work:
            def __init__(self, job):
                pass

            def do(self):
                raise error

            def save(self, status, words):
                return {"text": "half an", "words": words}

        monkeypatch.setitem(base._WORKS, RUN_CHAT.name, Work)
        job_id = new_job(new_user())
        run_job(job_id)
        return job_id

    return run


def last_event_of(job_id):
    found = wait_until(
        lambda: next((e for e in relay.replay(job_id, 0) if relay.is_ending(e)), None),
        5,
        "the last event",
    )
    return ending_of(found)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            Refused("host answered 401.", 401),
            {"reason": "misconfigured", "upstream_status": 401},
        ),
        (
            Unavailable("host answered 429.", 429, 7.5),
            {"reason": "rate_limited", "retry_after_s": 7.5, "upstream_status": 429},
        ),
        (Unavailable("host stopped.", reason=Reason.TIMEOUT), {"reason": "timeout"}),
        (NotFound("The chat was deleted."), {"reason": "not_found"}),
        (SwitchyardError("worn out"), {"reason": "internal"}),
    ],
)
def test_the_last_event_says_why_in_words_and_in_one_for_programs(run_and_fail, error, told):
    kind, data = last_event_of(run_and_fail(error))

    assert kind == "failed"
    assert data == {"error": error.message, "words": error.message, **told}


def test_what_nobody_foresaw_is_internal_and_its_words_stay_inside(run_and_fail):
    _, data = last_event_of(run_and_fail(ZeroDivisionError("a secret")))

    assert data["reason"] == "internal"
    assert "secret" not in str(data)


def test_the_operators_read_the_kind_of_failure_and_no_words(run_and_fail, caplog):
    caplog.set_level("INFO", "workers.base")

    run_and_fail(Refused("host answered 400: unsafe prompt 'my secret'.", 400))

    assert "inference.run_chat failed (bad_request) in " in caplog.text
    assert "secret" not in caplog.text


def test_flower_sees_a_failed_job_fail_and_learns_no_words(run_and_fail):
    def run_for_celery(job_id):
        base._for_celery(RUN_CHAT)(None, job_id, is_in_line=True)

    with pytest.raises(base.JobFailed) as raised:
        run_and_fail(Refused("host answered 401.", 401), run_for_celery)

    assert "host" not in repr(raised.value)


def test_the_row_still_says_why_when_the_log_has_expired(run_and_fail):
    job_id = run_and_fail(Refused("host answered 401.", 401))

    with db.reading() as session:
        ending = jobs.last_event(session.get(Job, job_id))

    assert ending[0] == "failed"
    assert ending[1]["reason"] == "misconfigured"
    assert row_of(job_id).error == "host answered 401."
