"""Taking turns: whose job is next in a queue."""

import pytest
from redis.exceptions import RedisError

from shared import rotation
from shared.redis import get_redis, key
from shared.rotation import Turn
from shared.subscriber import subscriber
from tests.services.crowd import at_once

pytestmark = pytest.mark.usefixtures("world")
LIST = "a-list"


def enter(user, *jobs, queue="compute"):
    for job_id in jobs:
        rotation.enter(queue, user, Turn(job_id, "kind"), key("broker", LIST), b"message")


def taken(times, queue="compute"):
    turns = [rotation.take(queue) for _ in range(times)]
    return [turn.job_id if turn else None for turn in turns]


def test_one_users_jobs_are_taken_in_the_order_in_which_they_were_made():
    enter("ada", "2", "1", "3")

    assert taken(4) == ["1", "2", "3", None]


def test_a_turn_names_the_kind():
    enter("ada", "1")

    assert rotation.take("compute") == Turn("1", "kind")


@pytest.mark.parametrize(
    ("waiting", "do_wait"),
    [((), False), (("ada",), False), (("bob",), True), (("ada", "bob"), True)],
)
def test_others_wait_when_another_users_job_stands_in_line(waiting, do_wait):
    for user in waiting:
        enter(user, f"job of {user}")

    assert rotation.do_others_wait("compute", "ada") is do_wait


def test_users_take_turns():
    enter("ada", "a1", "a2", "a3")
    enter("bob", "b1", "b2")
    enter("cleo", "c1")

    assert taken(6) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_newcomer_is_next_however_many_jobs_another_has():
    enter("ada", *(f"a{n:04}" for n in range(1000)))
    taken(3)

    enter("bob", "b1")

    assert taken(2) == ["b1", "a0003"]


def test_who_comes_back_at_once_does_not_push_in():
    enter("ada", "a1", "a2", "a3")
    order = []
    for number in range(3):
        enter("bob", f"b{number}")
        order += taken(2)

    assert order == ["a1", "b0", "a2", "b1", "a3", "b2"]


def test_jobs_that_nobody_owns_have_a_turn_of_their_own():
    enter(None, "n1", "n2")
    enter("ada", "a1")

    assert taken(3) == ["n1", "a1", "n2"]


def test_queues_know_nothing_of_each_other():
    enter("ada", "1", queue="batch")

    assert taken(1) == [None]
    assert taken(1, "batch") == ["1"]


def test_a_job_that_is_sent_again_waits_once_and_wakes_twice():
    enter("ada", "1", "1")

    assert taken(2) == ["1", None]
    assert get_redis().llen(key("broker", LIST)) == 2


def test_nothing_is_put_into_the_list_of_another_broker():
    rotation.enter("compute", "ada", Turn("1", "kind"), key("broker", LIST), b"")

    assert (get_redis().llen(key("broker", LIST)), taken(1)) == (0, ["1"])


def go(user, job_id):
    broker_list = key("broker", LIST)
    rotation.enter("compute", user, Turn(job_id, "kind"), broker_list, b"in line", b"straight")


def messages():
    return get_redis().lrange(key("broker", LIST), 0, -1)


def test_a_job_before_which_nobody_waits_goes_straight():
    go("ada", "1")

    assert (messages(), taken(1)) == ([b"straight"], [None])


def test_a_job_stands_in_line_behind_one_that_no_worker_has_taken():
    go("ada", "1")

    go("bob", "2")

    assert (messages(), taken(2)) == ([b"in line", b"straight"], ["2", None])


def test_a_job_stands_in_line_behind_one_that_does():
    enter("ada", "1")
    get_redis().delete(key("broker", LIST))

    go("bob", "2")

    assert (messages(), sorted(taken(2))) == ([b"in line"], ["1", "2"])


def test_going_straight_is_a_turn():
    go("ada", "a1")
    enter("ada", "a2")

    enter("bob", "b1")

    assert taken(2) == ["b1", "a2"]


def test_each_job_is_given_to_one_of_many_who_take_at_once():
    enter("ada", *(f"a{n:02}" for n in range(40)))
    enter("bob", *(f"b{n:02}" for n in range(40)))

    found = at_once(8, lambda _: taken(10))

    assert len({job for some in found for job in some}) == 80


def test_it_is_known_who_stands_in_line():
    enter("ada", "1", "2")
    taken(1)

    jobs = [("ada", "1", "kind"), ("ada", "2", "kind"), (None, "2", "kind")]

    assert rotation.are_waiting("compute", jobs) == [False, True, False]


def test_places_follow_the_turns():
    enter("ada", "a0")
    taken(1)
    enter("ada", "a1", "a2", "a3")
    enter("bob", "b1")

    places = rotation.first_in_line("compute", 10)

    assert places == {"b1": 1, "a1": 2, "a2": 3, "a3": 4}
    assert list(places) == taken(4)


def test_no_more_places_are_given_than_were_asked_for():
    enter("ada", *(f"a{n}" for n in range(9)))

    assert len(rotation.first_in_line("compute", 5)) == 5


def test_users_are_not_remembered_for_ever(monkeypatch):
    for number in range(10_050):
        get_redis().zadd(key("turns", "{compute}", "served"), {f"user {number}": number})
    enter("ada", "a1")

    taken(1)

    assert get_redis().zcard(key("turns", "{compute}", "served")) < 10_000


def test_a_line_that_cannot_be_read_is_an_error(mortal_valkey):
    mortal_valkey.kill()

    with pytest.raises(RedisError):
        rotation.take("compute")


def test_jobs_come_into_line_also_by_a_server_that_has_forgotten_the_script():
    subscriber.add("a", lambda _: None).wait(5)
    enter("ada", "1")
    get_redis().script_flush()

    enter("ada", "2")

    assert taken(3) == ["1", "2", None]
    assert get_redis().llen(key("broker", LIST)) == 2
