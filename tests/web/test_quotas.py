"""Quotas and usage over HTTP: set by admins, obeyed at every door, told to those who ask."""

import pytest

from shared import db
from shared.models.job import COMPLETED
from shared.services import accounts, chats, usage
from tests.services.things import message, new_chat, new_job, offer, row_of
from tests.services.waiting import wait_until

QUOTAS, USAGE, ASK = "/api/v1/quotas/", "/api/v1/usage", "/v1/chat/completions"
REQUESTS = {"scope": "user", "measure": "requests", "amount": 2, "window_s": 86_400}


@pytest.fixture
def served(world, worker, openai_server):
    offer("fake-alpha", url=openai_server.url)


def ask(caller, question="tell me tokens=4", **more):
    asked = [{"role": "user", "content": question}]
    body = {"model": "fake-alpha", "messages": asked, "background": True, **more}
    return caller.post(ASK, body)


def test_admins_set_change_and_remove_quotas(each_database, admin):
    made = admin.post(QUOTAS, REQUESTS)
    at = QUOTAS + made.json["id"]
    changed = admin.post(at, {**REQUESTS, "amount": 9})

    assert (made.status_code, made.json["amount"], made.json["subject"]) == (201, 2, "*")
    assert (changed.status_code, changed.json["amount"]) == (200, 9)
    assert [row["amount"] for row in admin.get(QUOTAS).json] == [9]
    assert admin.delete(at).json is True
    assert admin.get(QUOTAS).json == []
    assert admin.delete(at).status_code == 404


def test_quotas_are_none_of_the_users_business(member):
    for method, path in (("GET", ""), ("POST", ""), ("POST", "x"), ("DELETE", "x")):
        assert member.send(method, QUOTAS + path, REQUESTS).status_code == 401


@pytest.mark.parametrize(
    "odd",
    [
        {"scope": "planet"}, {"measure": "joy"}, {"amount": -1}, {"amount": 2**60},
        {"window_s": 0}, {"window_s": None}, {"measure": "running"}, {"subject": ""},
        {"subject": "a\x00b"}, {"extra": 1}, {"window_s": 10**10},
    ],
)  # fmt: skip
def test_a_quota_that_cannot_be_is_refused(admin, odd):
    assert admin.post(QUOTAS, {**REQUESTS, **odd}).status_code == 422


def test_a_quota_for_nobody_is_refused(each_database, admin):
    assert admin.post(QUOTAS, {**REQUESTS, "subject": "nobody"}).status_code == 400


def test_a_request_beyond_the_quota_is_refused_with_what_is_left(admin, member, served):
    admin.post(QUOTAS, REQUESTS)

    answers = [ask(member) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    left = [answer.headers["X-RateLimit-Remaining-Requests"] for answer in answers]
    assert left == ["1", "0", "0"]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 86_400
    assert answers[2].json["error"]["type"] == "rate_limit_error"
    assert "quota of 2 requests" in answers[2].json["detail"]
    assert "X-RateLimit-Remaining-Requests" not in member.get(USAGE).headers


def test_an_api_key_has_its_own_quota(admin, member, served):
    with db.transaction():
        key = accounts.make_api_key(member.id)
    admin.post(QUOTAS, {**REQUESTS, "scope": "api_key", "amount": 1})

    by_key = [ask(member.with_token(key)).status_code for _ in range(2)]

    assert (by_key, ask(member).status_code) == ([202, 429], 202)


def test_tokens_are_settled_when_the_answer_is_there(admin, member, served):
    admin.post(QUOTAS, {**REQUESTS, "measure": "tokens", "amount": 1000})
    job_id = ask(member, max_tokens=900).json["job"]
    refused = ask(member, max_tokens=900)
    wait_until(lambda: row_of(job_id).status == COMPLETED, 10, "the answer")

    again = wait_until(
        lambda: (answer := ask(member, max_tokens=900)).status_code == 202 and answer, 5, "room"
    )

    assert refused.status_code == 429
    assert "X-RateLimit-Remaining-Tokens" in again.headers


def test_a_cancelled_job_makes_room(admin, member):
    offer("fake-alpha")
    admin.post(QUOTAS, {"scope": "user", "measure": "running", "amount": 1})
    job_id = ask(member).json["job"]
    refused = ask(member).status_code

    member.post(f"/api/v1/jobs/{job_id}/cancel")

    assert (refused, ask(member).status_code) == (429, 202)


def test_usage_is_kept_when_the_chat_is_gone(each_database, member, served):
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content=""))
    job_id = ask(member, chat_id=chat.id, id="a").json["job"]
    wait_until(lambda: row_of(job_id).status == COMPLETED, 10, "the answer")
    with db.transaction():
        chats.remove(chats.find(chat.id))

    (row,) = member.get(USAGE).json["items"]

    assert (row["model"], row["requests"]) == ("fake-alpha", 1)
    assert row["total_tokens"] == row["prompt_tokens"] + row["completion_tokens"] > 0


def test_users_see_their_own_usage_and_admins_everybodys(each_database, admin, member, other):

    with db.transaction():
        for caller in (member, other):
            usage.add(caller.id, "alpha", usage.Tokens(1, 1))

    def users(caller, query="?by=user"):
        return {row["user_id"] for row in caller.get(USAGE + query).json["items"]}

    assert users(member) == users(member, f"?by=user&user={member.id}") == {member.id}
    assert users(admin) == {member.id, other.id}
    assert users(admin, f"?by=user&user={other.id}") == {other.id}
    assert member.get(f"{USAGE}?user={other.id}").status_code == 401


def test_usage_has_pages(each_database, admin):

    with db.transaction():
        for number in range(5):
            usage.add(f"user-{number}", "alpha", usage.Tokens(1, 1))

    first = admin.get(f"{USAGE}?by=user&limit=3").json
    second = admin.get(f"{USAGE}?by=user&limit=3&offset={first['next_offset']}").json

    assert [len(page["items"]) for page in (first, second)] == [3, 2]
    assert second["next_offset"] is None


def test_usage_of_other_days_is_not_shown(each_database, member):

    with db.transaction():
        usage.add(member.id, "alpha", usage.Tokens(1, 1))

    assert member.get(f"{USAGE}?from=2001-01-01&to=2001-01-31").json["items"] == []


@pytest.mark.parametrize(
    "query",
    ["by=planet", "by=day,day", "from=x", "from=2020-01-02&to=2020-01-01", "limit=0", "by="],
)
def test_a_question_that_cannot_be_is_refused(member, query):
    assert member.get(f"{USAGE}?{query}").status_code == 422


def test_the_work_of_the_system_is_nobodys_usage(each_database, member, served):
    job_id = new_job()
    wait_until(lambda: row_of(job_id).finished_at is not None, 10, "the end")

    assert member.get(USAGE).json["items"] == []
