"""Jobs over HTTP: list, show, follow, cancel, do again; each only for its owner and admins."""

import json

import pytest

from shared import relay
from shared.models.job import CANCELLED, COMPLETED, FAILED, QUEUED, RUNNING
from tests.services.inside import sent
from tests.services.things import change_job, new_job, row_of, told

JOBS = "/api/v1/jobs"
SHOWN = {
    "id", "kind", "queue", "status", "attempt", "model", "chat_id", "message_id", "parent_id",
    "cancel_requested", "error", "usage", "created_at", "started_at", "finished_at",
}  # fmt: skip


def ended(owner, status=COMPLETED, **values):
    """A job that has ended, with its log."""
    job_id = new_job(owner)
    change_job(job_id, status=status, attempt=1, finished_at=1, **values)
    return job_id


def tell(job_id, *texts, ending="completed"):
    for text in texts:
        relay.append(job_id, 1, "delta", {"text": text})
    if ending:
        relay.append(job_id, 1, ending, {})


# Show and list


def test_a_job_is_shown_with_its_result_once_it_has_ended(each_database, member):
    waiting = new_job(member.user, chat_id="c", message_id="m")
    done = ended(member.user, result={"text": "x", "usage": {"t": 1}}, usage={"t": 1})

    first, second = (member.get(f"{JOBS}/{job_id}").json for job_id in (waiting, done))

    assert set(first) == set(second) == SHOWN | {"result"}
    assert (first["status"], first["result"], first["chat_id"]) == (QUEUED, None, "c")
    assert (second["status"], second["usage"]) == (COMPLETED, {"t": 1})
    assert second["result"] == {"text": "x", "usage": {"t": 1}}


def test_what_a_job_was_asked_is_not_shown(member):
    answer = member.get(f"{JOBS}/{new_job(member.user)}")

    assert "Hello?" not in answer.text


def test_lists_have_pages_newest_first(each_database, member):
    made = sorted((new_job(member.user) for _ in range(5)), reverse=True)

    first = member.get(f"{JOBS}?limit=2").json
    second = member.get(f"{JOBS}/?limit=2&before={first['next_before']}").json
    third = member.get(f"{JOBS}/?limit=2&before={second['next_before']}").json

    pages = [[item["id"] for item in page["items"]] for page in (first, second, third)]
    assert pages == [made[:2], made[2:4], made[4:]]
    assert third["next_before"] is None
    assert set(first["items"][0]) == SHOWN


def test_lists_can_be_kept_to_a_status(member):
    new_job(member.user)
    failed = ended(member.user, FAILED, error="no")

    (item,) = member.get(f"{JOBS}?status=failed").json["items"]

    assert (item["id"], item["error"]) == (failed, "no")


@pytest.mark.parametrize(
    "query", ["status=odd", "limit=0", "limit=201", "limit=x", "limit=1e1", "limit=" + "9" * 30]
)
def test_a_list_that_cannot_be_is_refused(member, query):
    assert member.get(f"{JOBS}?{query}").status_code == 422


def test_a_cursor_of_a_list_may_be_anything(each_database, member):
    new_job(member.user)

    assert member.get(f"{JOBS}?before=zzz").json["items"]
    assert member.get(f"{JOBS}?before=0").json == {"items": [], "next_before": None}


# Whose


def doors(job_id):
    """Every door to one job."""
    at = f"{JOBS}/{job_id}"
    return [("GET", at), ("GET", f"{at}/events"), ("POST", f"{at}/cancel"), ("POST", f"{at}/retry")]


def test_a_foreign_and_a_missing_job_are_not_told_apart(each_database, member, other):
    job_id = ended(other.user, FAILED)

    for method, path in doors(job_id):
        foreign = member.send(method, path)
        missing = member.send(method, path.replace(job_id, "nowhere"))
        assert (foreign.status_code, missing.status_code) == (404, 404), path
        assert foreign.json == missing.json, path
    assert member.get(JOBS).json["items"] == []


@pytest.mark.parametrize("odd", ["x" * 300, "a%00b", "%F0%9F%99%82", "%27%20OR%201=1"])
def test_an_odd_id_is_no_job(each_database, member, odd):
    for method, path in doors(odd):
        assert member.send(method, path).status_code in (400, 404), path


def test_an_admin_reaches_every_job_and_lists_the_own(admin, other):
    job_id = ended(other.user, FAILED)
    tell(job_id)

    assert [admin.send(method, path).status_code for method, path in doors(job_id)] == [
        200,
        200,
        200,
        202,
    ]
    assert admin.get(JOBS).json["items"] == []


def test_jobs_are_for_active_accounts(stranger, new_caller, member):
    job_id = new_job(member.user)
    waiting = new_caller("pending")

    for method, path in doors(job_id):
        assert stranger.send(method, path).status_code == 403
        assert waiting.send(method, path).status_code == 401


# Follow


def follow(caller, job_id, query="", **headers):
    """Read a job's events to their end: numbers and events."""
    answer = caller.get(f"{JOBS}/{job_id}/events{query}", headers=headers)
    assert answer.status_code == 200
    parts = [part for part in answer.text.split("\n\n") if part and not part.startswith(":")]
    pairs = [part.split("\ndata: ") for part in parts]
    events = [json.loads(data) for _, data in pairs]
    assert [int(number.removeprefix("id: ")) for number, _ in pairs] == [e["seq"] for e in events]
    return events


def test_a_job_is_followed_from_its_first_event_to_its_last(each_database, member):
    job_id = ended(member.user)
    tell(job_id, "a\n\nb", "é漢🙂")

    events = follow(member, job_id)

    assert [(e["seq"], e["type"], e["attempt"]) for e in events] == [
        (1, "delta", 1),
        (2, "delta", 1),
        (3, "completed", 1),
    ]
    assert [e["data"].get("text") for e in events] == ["a\n\nb", "é漢🙂", None]


def test_the_stream_is_one_that_no_proxy_keeps(member):
    job_id = ended(member.user)
    tell(job_id)

    answer = member.get(f"{JOBS}/{job_id}/events")

    assert answer.content_type == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.text.startswith(f": job {job_id}\n\n")


@pytest.mark.parametrize(
    ("query", "header", "numbers"),
    [
        ("", None, [1, 2, 3, 4]),
        ("?after=0", None, [1, 2, 3, 4]),
        ("?after=2", None, [3, 4]),
        ("?after=2", "3", [4]),
        ("", "1", [2, 3, 4]),
        ("?after=nonsense", None, [1, 2, 3, 4]),
    ],
)
def test_a_cursor_gives_what_follows_it(member, query, header, numbers):
    job_id = ended(member.user)
    tell(job_id, "a", "b", "c")

    headers = {} if header is None else {"Last-Event-ID": header}
    assert [e["seq"] for e in follow(member, job_id, query, **headers)] == numbers


@pytest.mark.parametrize("after", ["4", "7", "9" * 5000])
def test_a_cursor_at_the_end_or_beyond_gives_the_ending_once_more(member, after):
    job_id = ended(member.user, result={"text": "abc"})
    tell(job_id, "a", "b", "c")

    (event,) = follow(member, job_id, **{"Last-Event-ID": after})

    assert (event["type"], event["data"]) == ("completed", {"text": "abc"})


@pytest.mark.parametrize(
    ("status", "values", "data"),
    [
        (COMPLETED, {"result": {"text": "x"}}, {"text": "x"}),
        (FAILED, {"result": {"text": "x"}, "error": "no"}, {"text": "x", "error": "no"}),
        (CANCELLED, {"result": None}, {}),
    ],
)
def test_after_the_log_has_expired_the_database_tells_the_ending(member, status, values, data):
    job_id = ended(member.user, status, **values)

    (event,) = follow(member, job_id)

    assert (event["seq"], event["type"], event["data"]) == (1, status, data)


# Cancel and retry


def test_a_waiting_job_is_cancelled_at_once(each_database, member):
    job_id = new_job(member.user)

    answers = [member.post(f"{JOBS}/{job_id}/cancel").json for _ in range(2)]

    assert answers == [{"job": job_id, "status": CANCELLED}] * 2
    assert told(job_id) == [("cancelled", {})]


def test_a_running_job_is_told_to_end(each_database, member):
    job_id = new_job(member.user)
    change_job(job_id, status=RUNNING)

    answer = member.post(f"{JOBS}/{job_id}/cancel")

    assert (answer.status_code, answer.json["status"]) == (200, RUNNING)
    assert member.get(f"{JOBS}/{job_id}").json["cancel_requested"] is True


def test_cancelling_what_has_ended_tells_how(member):
    job_id = ended(member.user)

    assert member.post(f"{JOBS}/{job_id}/cancel").json["status"] == COMPLETED


def test_a_failed_job_is_done_again_as_a_new_one(each_database, member):
    job_id = ended(member.user, FAILED)

    answer = member.post(f"{JOBS}/{job_id}/retry")

    again = answer.json["job"]
    assert (answer.status_code, answer.json["status"]) == (202, "queued")
    assert row_of(again).request == row_of(job_id).request
    assert sent()[-1] == again != job_id


def test_a_job_that_went_well_is_not_done_again(member):
    answer = member.post(f"{JOBS}/{ended(member.user)}/retry")

    assert (answer.status_code, "completed" in answer.json["detail"]) == (400, True)


@pytest.mark.parametrize("change", [{"kind": "of.tomorrow"}, {"request": {"of_tomorrow": 1}}])
def test_a_job_of_a_newer_version_is_not_done_again_here(member, change):
    job_id = ended(member.user, FAILED)
    change_job(job_id, **change)

    answer = member.post(f"{JOBS}/{job_id}/retry")

    assert (answer.status_code, "newer version" in answer.json["detail"]) == (400, True)


def test_doing_again_is_limited_like_asking(configure, member):
    job_id = ended(member.user, FAILED)
    configure(job_max_queued_per_user=1)
    new_job(member.user)

    answer = member.post(f"{JOBS}/{job_id}/retry")

    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)
