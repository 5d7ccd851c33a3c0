"""Quotas: what is counted, for whom, and what is left."""

import pytest
from redis.exceptions import ConnectionError as RedisDown

from shared import db
from shared.errors import Invalid, NotFound
from shared.models.group import Group, GroupMember
from shared.redis import get_redis, key
from shared.services import meters, quotas
from shared.services.quotas import Asker, Exhausted
from shared.services.usage import Tokens
from tests.services.crowd import at_once
from tests.services.things import new_job, new_user

pytestmark = pytest.mark.usefixtures("each_database")
DAY = 86_400


def allow(scope, measure, amount, subject="*", window_s=DAY, is_each=False):
    values = {"scope": scope, "measure": measure, "amount": amount, "subject": subject}
    window = None if measure == "running" else window_s
    with db.transaction():
        return quotas.save({**values, "window_s": window, "is_each": is_each}).id


def admit(user="ada", model="alpha", by_key=False, job="j", **body):
    return quotas.admit(Asker(user, model, by_key), job, body)


def admitted(times, **who):
    """Ask so often, and count how often it was allowed."""
    count = 0
    for number in range(times):
        try:
            admit(job=f"job-{number}", **who)
            count += 1
        except Exhausted:
            break
    return count


def test_where_nothing_is_set_nothing_is_held():
    assert admit() is None


def test_requests_are_counted_for_each_user():
    allow("user", "requests", 3)

    assert [admitted(5, user=name) for name in ("ada", "bob")] == [3, 3]


def test_what_is_set_for_a_user_counts_in_the_place_of_what_is_set_for_each():
    allow("user", "requests", 3)
    special = new_user().id
    allow("user", "requests", 5, subject=special)

    assert [admitted(9, user=name) for name in ("ada", special)] == [3, 5]


def test_a_model_is_shared_by_all_unless_each_has_the_amount():
    allow("model", "requests", 3, subject="alpha")
    allow("model", "requests", 2, subject="beta", is_each=True)

    assert [admitted(2, user="ada"), admitted(9, user="bob")] == [2, 1]
    assert [admitted(9, user=name, model="beta") for name in ("ada", "bob")] == [2, 2]
    assert admitted(9, model="gamma") == 9


def new_group(*user_ids):
    now = {"created_at": 1, "updated_at": 1}
    with db.transaction() as session:
        session.add(Group(id="g", user_id=user_ids[0], name="g", description="", **now))
        session.flush()
        session.add_all(GroupMember(group_id="g", user_id=user_id) for user_id in user_ids)


def test_a_group_is_counted_together_unless_each_has_the_amount():
    ada, bob, cleo = (new_user().id for _ in range(3))
    new_group(ada, bob)
    allow("group", "requests", 4, subject="g")
    allow("group", "requests", 3, subject="g", is_each=True)

    assert [admitted(9, user=user) for user in (ada, bob, cleo)] == [3, 1, 9]


def test_requests_with_an_api_key_have_a_quota_of_their_own():
    allow("api_key", "requests", 1)

    assert [admitted(3), admitted(3, by_key=True)] == [3, 1]


def test_a_quota_of_nothing_allows_nothing():
    allow("model", "requests", 0, subject="alpha")

    assert admitted(1) == 0


def test_who_is_refused_hears_when_to_come_back_and_what_is_left():
    allow("user", "requests", 1, window_s=3600)
    admit()

    with pytest.raises(Exhausted) as refused:
        admit()

    assert 1 <= refused.value.retry_after_s <= 3600
    assert [(left.meter.measure, left.amount) for left in quotas.left.get()] == [("requests", 0)]


def test_a_request_that_one_quota_refuses_costs_nothing_of_the_others():
    allow("user", "requests", 5)
    blocked = allow("model", "requests", 0, subject="alpha")
    assert admitted(3) == 0
    with db.transaction():
        quotas.remove(blocked)

    assert admitted(9) == 5


def test_a_new_window_begins_anew(monkeypatch):
    allow("user", "requests", 1, window_s=60)
    now = [1_000_000.0]
    monkeypatch.setattr(meters, "time", type("Clock", (), {"time": staticmethod(lambda: now[0])}))
    first = admitted(3)
    now[0] += 60

    assert (first, admitted(3)) == (1, 1)


def test_tokens_are_reserved_by_what_is_asked_for_and_settled_by_what_was_used():
    allow("user", "tokens", 1000)
    held = admit(max_tokens=900, messages=[{"content": "x" * 40}])
    with pytest.raises(Exhausted):
        admit(max_tokens=200)

    quotas.settle(None, held, "j", Tokens(10, 50))

    assert quotas.left.get()[0].amount == 90
    admit(max_tokens=940)
    with pytest.raises(Exhausted):
        admit(max_tokens=1)


def test_what_was_never_begun_gives_its_tokens_back():
    allow("user", "tokens", 1000)
    held = admit(max_tokens=1000)

    quotas.settle(None, held, "j", None)

    admit(max_tokens=1000)


def test_a_job_that_held_nothing_is_charged_all_the_same():
    allow("user", "tokens", 100)

    quotas.settle(Asker("ada", "alpha"), None, "j", Tokens(40, 55))

    admit(max_tokens=5)
    with pytest.raises(Exhausted):
        admit(max_tokens=1)


def test_only_so_many_run_at_a_time():
    allow("user", "running", 2)
    held = [admit(job=job) for job in ("one", "two")]
    with pytest.raises(Exhausted) as refused:
        admit(job="three")

    quotas.settle(None, held[0], "one", Tokens())

    assert refused.value.retry_after_s == 5
    admit(job="three")


def test_a_job_whose_end_was_never_told_is_found_out():
    allow("user", "running", 2)
    owner = new_user()
    still_open = new_job(owner)
    for job_id in (still_open, "ended long ago"):
        admit(job=job_id)
    (name,) = get_redis().keys(key("quota", "*", "running"))
    get_redis().zadd(name, {still_open: 1, "ended long ago": 1})

    admit(job="next")

    assert get_redis().zrange(name, 0, -1) == [still_open.encode(), b"next"]


def test_many_at_once_get_no_more_than_there_is():
    allow("user", "requests", 20)

    found = at_once(8, lambda n: admitted(10, user="ada"))

    assert sum(found) == 20


def test_a_settlement_that_cannot_be_made_is_told_and_harms_nobody(monkeypatch, caplog):
    allow("user", "tokens", 100)
    held = admit(max_tokens=10)

    def away(*_):
        raise RedisDown("away")

    monkeypatch.setattr(meters, "correct", away)
    quotas.settle(None, held, "j", Tokens(1, 1))

    assert "not settled" in caplog.text


def test_a_window_that_is_over_is_not_settled():
    allow("user", "tokens", 100)
    held = admit(max_tokens=10)
    get_redis().delete(held["tokens"][0][0])

    quotas.settle(None, held, "j", Tokens(1, 1))

    assert not get_redis().exists(held["tokens"][0][0])


def test_a_quota_is_for_somebody_who_exists():
    with pytest.raises(Invalid, match="no user"):
        allow("user", "requests", 1, subject="nobody")
    with pytest.raises(Invalid, match="no group"):
        allow("group", "requests", 1, subject="nobody")


def test_a_quota_that_does_not_exist_cannot_be_changed():
    with pytest.raises(NotFound), db.transaction():
        quotas.remove("nowhere")


def test_another_amount_counts_at_once_and_keeps_what_was_used():
    quota_id = allow("user", "requests", 2)
    admitted(2)
    with db.transaction():
        row = quotas.find(quota_id)
        values = {"scope": row.scope, "subject": "*", "measure": row.measure, "window_s": DAY}
        quotas.save({**values, "amount": 3, "is_each": False}, quota_id)

    assert admitted(5) == 1
