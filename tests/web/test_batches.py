"""Batches over HTTP: whose they are, and what ends them but the last line."""

import io
import json

import pytest

from shared import db
from shared.models.batch import Batch
from shared.services import accounts, batches, quotas
from tests.services.things import change_job, offer
from tests.services.waiting import wait_until
from workers.batches import results

CHAT, BATCHES, FILES = "/v1/chat/completions", "/v1/batches", "/v1/files"
ENDED = ("completed", "failed", "expired", "cancelled")


@pytest.fixture
def served(world, worker, openai_server):
    offer("fake-alpha", url=openai_server.url)


def upload(caller, *questions, purpose="batch"):
    rows = [
        {
            "custom_id": f"line-{n}",
            "method": "POST",
            "url": CHAT,
            "body": {"model": "fake-alpha", "messages": [{"role": "user", "content": question}]},
        }
        for n, question in enumerate(questions)
    ]
    content = "\n".join(map(json.dumps, rows)).encode()
    form = {"purpose": purpose, "file": (io.BytesIO(content), "in.jsonl")}
    headers = {"Authorization": f"Bearer {caller.token}"}
    return caller.app.test_client().post(FILES, data=form, headers=headers)


def start(caller, *questions, **more):
    form = {"input_file_id": upload(caller, *questions).json["id"], "endpoint": CHAT, **more}
    return caller.post(BATCHES, {"completion_window": "24h", **form})


def ended(caller, batch_id):
    def look():
        batch = caller.get(f"{BATCHES}/{batch_id}").json
        return batch if batch["status"] in ENDED else None

    return wait_until(look, 20, "the batch to end")


def lines(caller, file_id):
    text = caller.get(f"{FILES}/{file_id}/content").text
    return [json.loads(row) for row in text.splitlines()]


def change(batch_id, **values):
    with db.transaction() as session:
        for name, value in values.items():
            setattr(session.get(Batch, batch_id), name, value)


@pytest.fixture
def offered(world):
    offer("fake-alpha")


def test_a_batch_and_its_file_are_their_owners_only(each_database, member, other, offered):
    batch = start(member, "x").json
    file_id = batch["input_file_id"]

    assert other.get(f"{BATCHES}/{batch['id']}").status_code == 404
    assert other.post(f"{BATCHES}/{batch['id']}/cancel").status_code == 404
    assert other.get(BATCHES).json["data"] == []
    for path in (file_id, f"{file_id}/content"):
        assert other.get(f"{FILES}/{path}").status_code == 404
    assert other.delete(f"{FILES}/{file_id}").status_code == 404
    assert other.get(FILES).json["data"] == []
    form = {"input_file_id": file_id, "endpoint": CHAT, "completion_window": "24h"}
    assert other.post(BATCHES, form).status_code == 404


def test_a_list_goes_on_behind_a_batch_of_ones_own_only(each_database, member, other, offered):
    first, last = start(member, "x").json["id"], start(member, "y").json["id"]

    page = member.get(f"{BATCHES}?after={last}")

    assert [batch["id"] for batch in page.json["data"]] == [first]
    for caller, after in ((member, "batch_none"), (other, last)):
        answer = caller.get(f"{BATCHES}?after={after}")
        assert (answer.status_code, answer.json["error"]["message"]) == (404, "No such batch.")


def test_a_file_for_something_else_is_no_input(each_database, member, offered):
    assert upload(member, "x", purpose="fine-tune").status_code == 400
    file_id = upload(member, "x").json["id"]
    with db.transaction():
        batches.files.find(member.user, file_id).meta = {}

    form = {"input_file_id": file_id, "endpoint": CHAT}
    assert member.post(BATCHES, form).status_code == 400


@pytest.mark.parametrize("is_purged", [False, True])
def test_a_cancelled_batch_is_done_again_with_all_its_lines(member, served, is_purged):
    batch = start(
        member, "one tokens=1", "two tokens=1", "three tokens=1 fail=429 retry=600 times=1"
    ).json

    def counts():
        return member.get(f"{BATCHES}/{batch['id']}").json["request_counts"]

    wait_until(lambda: counts()["completed"] == 2, 10, "two lines")
    member.post(f"{BATCHES}/{batch['id']}/cancel")
    ended(member, batch["id"])
    if is_purged:
        results.purge()
    again = member.post(f"/api/v1/jobs/{batch['job']}/retry")

    assert again.status_code == 202
    wait_until(
        lambda: member.get(f"/api/v1/jobs/{again.json['job']}").json["finished_at"], 20, "it"
    )
    shown = ended(member, batch["id"])
    assert (shown["status"], shown["job"]) == ("completed", again.json["job"])
    assert counts() == {"total": 3, "completed": 3, "failed": 0}
    assert len(lines(member, shown["output_file_id"])) == 3


def test_a_file_whose_time_is_over_is_gone(each_database, member, offered):
    file_id = upload(member, "x").json["id"]
    with db.transaction():
        batches.files.find(member.user, file_id).meta = {"purpose": "batch", "expires_at_s": 1}

    for path in (file_id, f"{file_id}/content"):
        assert member.get(f"{FILES}/{path}").status_code == 404
    assert member.delete(f"{FILES}/{file_id}").status_code == 404


def test_a_batch_that_waits_is_cancelled_at_once(each_database, member, offered):
    batch = start(member, "x").json

    cancelled = member.post(f"{BATCHES}/{batch['id']}/cancel").json

    assert (cancelled["status"], cancelled["output_file_id"]) == ("cancelled", None)
    assert cancelled["cancelled_at"]
    again = member.post(f"{BATCHES}/{batch['id']}/cancel")
    assert again.status_code == 400


def test_a_batch_whose_job_was_given_up_has_failed(each_database, member, offered):
    batch = start(member, "x").json
    change_job(batch["job"], status="failed", error="given up", finished_at=1)

    shown = member.get(f"{BATCHES}/{batch['id']}").json

    assert (shown["status"], shown["errors"]["data"][0]["message"]) == ("failed", "given up")


def test_a_batch_that_begins_too_late_has_expired(member, offered, request):
    batch = start(member, "one", "two").json
    change(batch["id"], expires_at=1)
    request.getfixturevalue("worker")

    shown = ended(member, batch["id"])

    assert (shown["status"], shown["output_file_id"]) == ("expired", None)
    errors = lines(member, shown["error_file_id"])
    assert [(e["custom_id"], e["error"]["code"]) for e in errors] == [
        ("line-0", "batch_expired"),
        ("line-1", "batch_expired"),
    ]


def test_a_batch_waits_for_its_owners_quota(member, served):
    with db.transaction():
        limit = {"scope": "user", "subject": "*", "measure": "requests", "amount": 4}
        quota = quotas.save({**limit, "window_s": 86_400, "is_each": False}).id
    batch = start(member, *(f"x {n} tokens=1" for n in range(5))).json

    def completed():
        return member.get(f"{BATCHES}/{batch['id']}").json["request_counts"]["completed"]

    wait_until(lambda: completed() == 3, 10, "three lines: the batch itself is one request")
    still = member.get(f"{BATCHES}/{batch['id']}").json["status"]
    with db.transaction():
        quotas.remove(quota)
    member.post(f"{BATCHES}/{batch['id']}/cancel")

    assert still == "in_progress"
    assert ended(member, batch["id"])["request_counts"]["completed"] == 3


def test_the_lines_of_a_batch_count_against_the_api_key_that_asked(member, served):
    with db.transaction():
        limit = {"scope": "api_key", "subject": "*", "measure": "requests", "amount": 3}
        quotas.save({**limit, "window_s": 86_400, "is_each": False})
        key = accounts.make_api_key(member.id)
    file_id = upload(member, *(f"x {n} tokens=1" for n in range(5))).json["id"]
    form = {"input_file_id": file_id, "endpoint": CHAT}
    by_key = member.app.test_client()
    made = by_key.post(BATCHES, json=form, headers={"Authorization": f"Bearer {key}"}).json

    def counts():
        return member.get(f"{BATCHES}/{made['id']}").json["request_counts"]

    wait_until(lambda: counts()["completed"] == 2, 10, "two lines: the batch is one request itself")
    member.post(f"{BATCHES}/{made['id']}/cancel")

    assert ended(member, made["id"])["request_counts"]["completed"] == 2


def test_a_line_with_odd_messages_ends_no_other(member, served):
    file_id = upload(member, "x tokens=1", ["odd"], {"odd": 1}).json["id"]
    form = {"input_file_id": file_id, "endpoint": CHAT, "completion_window": "1h"}

    shown = ended(member, member.post(BATCHES, form).json["id"])

    counts = shown["request_counts"]
    assert shown["status"] == "completed"
    assert counts["completed"] + counts["failed"] == 3
    assert counts["completed"] >= 1


@pytest.mark.parametrize("window", ["soon", "0h", "8d", "24", "-1h", "h", "9999d"])
def test_a_window_that_cannot_be_is_refused(member, offered, window):
    assert start(member, "x", completion_window=window).status_code == 400


@pytest.mark.parametrize(
    "odd", [{"endpoint": "/v1/other"}, {"metadata": {"a": 1}}, {"input_file_id": None}]
)
def test_a_form_that_cannot_be_is_refused(member, offered, odd):
    assert start(member, "x", **odd).status_code == 400
