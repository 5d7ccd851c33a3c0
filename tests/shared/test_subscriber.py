"""One Redis subscription for a whole process: nothing published is missed unnoticed."""

import threading

import pytest
from redis.exceptions import NoScriptError, RedisError

from shared.redis import get_redis
from shared.subscriber import Subscriber
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("world")


class Ear:
    """Keeps what it hears; None stands for a gap."""

    def __init__(self):
        self.heard = []

    def __call__(self, message):
        self.heard.append(message)

    def waits_for(self, *messages, timeout_s=5):
        wait_until(lambda: self.heard == list(messages), timeout_s, f"{messages}: {self.heard}")


@pytest.fixture
def subscriber():
    return Subscriber()


def follow(subscriber, channel, ear=None):
    """Follow a channel, and wait until nothing can be missed."""
    ear = ear or Ear()
    assert subscriber.add(channel, ear).wait(5)
    return ear


def followed(channel):
    """Whether anybody has subscribed to a channel."""
    return get_redis().pubsub_numsub(channel)[0][1] > 0


def publish(channel, *messages):
    for message in messages:
        get_redis().publish(channel, message)


def test_what_is_published_is_heard_in_order(subscriber):
    ear = follow(subscriber, "a")

    publish("a", *[b"%d" % n for n in range(200)])

    ear.waits_for(*[b"%d" % n for n in range(200)])


def test_each_channel_has_its_own_followers(subscriber):
    a, b = follow(subscriber, "a"), follow(subscriber, "b")

    publish("a", b"1")
    publish("b", b"2")

    a.waits_for(b"1")
    b.waits_for(b"2")


def test_several_may_follow_one_channel(subscriber):
    ears = [follow(subscriber, "a") for _ in range(3)]

    publish("a", b"1")

    for ear in ears:
        ear.waits_for(b"1")


def test_who_leaves_hears_nothing_more_and_the_others_go_on(subscriber):
    left, stays = follow(subscriber, "a"), follow(subscriber, "a")
    subscriber.remove("a", left)

    publish("a", b"1")

    stays.waits_for(b"1")
    assert left.heard == []


def test_a_channel_that_nobody_follows_is_given_up(subscriber):
    ear = follow(subscriber, "of this test alone")
    before = followed("of this test alone")

    subscriber.remove("of this test alone", ear)

    wait_until(lambda: not followed("of this test alone"), 5, "the end of it")
    assert before


def test_a_channel_can_be_followed_again(subscriber):
    subscriber.remove("a", follow(subscriber, "a"))

    ear = follow(subscriber, "a")
    publish("a", b"1")

    ear.waits_for(b"1")


def test_leaving_what_one_does_not_follow_is_no_error(subscriber):
    subscriber.remove("a", Ear())
    ear = follow(subscriber, "a")

    subscriber.remove("a", Ear())
    publish("a", b"1")

    ear.waits_for(b"1")


def test_a_follower_may_leave_while_it_is_told(subscriber):
    told = []

    def leave(message):
        told.append(message)
        threading.Thread(target=subscriber.remove, args=("a", leave)).start()

    follow(subscriber, "a", leave)
    stays = follow(subscriber, "a")

    publish("a", b"1")
    stays.waits_for(b"1")
    wait_until(lambda: leave not in subscriber._topics[b"a"].callbacks, 5, "it to leave")
    publish("a", b"2")
    stays.waits_for(b"1", b"2")

    assert told == [b"1"]


@pytest.mark.parametrize("message", [b"", b"\x00\r\n\xff", b"x" * 2_000_000])
def test_messages_are_bytes_of_any_kind_and_length(subscriber, message):
    ear = follow(subscriber, "a")

    publish("a", message)

    ear.waits_for(message)


def kill_the_connection():
    killed = get_redis().execute_command("CLIENT", "KILL", "TYPE", "PUBSUB")
    assert killed >= 1


def test_after_a_lost_connection_a_gap_is_told_and_following_goes_on(subscriber):
    ears = [follow(subscriber, name) for name in ("a", "b")]
    publish("a", b"1")
    ears[0].waits_for(b"1")

    kill_the_connection()
    ears[1].waits_for(None)
    publish("b", b"2")

    ears[0].waits_for(b"1", None)
    ears[1].waits_for(None, b"2")


def test_who_comes_while_the_connection_is_lost_is_ready_when_it_is_back(subscriber, mortal_valkey):
    first = follow(subscriber, "a")
    mortal_valkey.kill()
    late = Ear()
    ready = subscriber.add("b", late)
    was_ready = ready.wait(0.2)

    mortal_valkey.restart()

    assert not was_ready
    assert ready.wait(10)
    publish("b", b"1")
    wait_until(lambda: late.heard[-1:] == [b"1"], 5, "the late one to hear")
    first.waits_for(None)


def test_a_server_that_says_nothing_is_asked_whether_it_lives(subscriber, monkeypatch):
    monkeypatch.setattr("shared.subscriber._PING_AFTER_S", 0.1)
    ear = follow(subscriber, "a")
    before = get_redis().info("commandstats").get("cmdstat_ping", {}).get("calls", 0)

    def pings():
        return get_redis().info("commandstats").get("cmdstat_ping", {}).get("calls", 0) - before

    wait_until(lambda: pings() >= 2, 10, "two questions")
    publish("a", b"1")

    ear.waits_for(b"1")


def test_a_command_may_go_the_same_way(subscriber):
    follow(subscriber, "a")

    assert subscriber.call("SET", "of this test", b"1") == b"OK"
    assert subscriber.call("GET", "of this test") == b"1"
    assert subscriber.call("GET", "never set") is None


def test_commands_of_many_get_each_their_own_answer_between_messages(subscriber):
    ear, answers = follow(subscriber, "a"), {}

    def ask(number):
        answers[number] = [subscriber.call("ECHO", b"%d %d" % (number, n)) for n in range(50)]

    askers = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for asker in askers:
        asker.start()
    publish("a", *[b"%d" % n for n in range(50)])
    for asker in askers:
        asker.join(10)

    ear.waits_for(*[b"%d" % n for n in range(50)])
    assert answers == {n: [b"%d %d" % (n, m) for m in range(50)] for n in range(4)}


def test_what_is_not_urgent_is_followed_from_the_next_command_on(subscriber):
    follow(subscriber, "a")
    ear = Ear()
    ready = subscriber.add("of a job to come", ear, is_urgent=False)
    before = followed("of a job to come")

    subscriber.call("PUBLISH", "of a job to come", b"1")

    ear.waits_for(b"1")
    assert ready.is_ready
    assert not before


def test_what_is_not_urgent_goes_out_with_a_flush(subscriber):
    follow(subscriber, "a")
    ready = subscriber.add("b", Ear(), is_urgent=False)

    subscriber.flush()

    assert ready.wait(5)


def test_a_channel_is_given_up_with_the_next_command(subscriber):
    ear = follow(subscriber, "of this test alone")

    subscriber.remove("of this test alone", ear)
    subscriber.call("PING")

    assert not followed("of this test alone")


def test_channels_that_nobody_follows_do_not_gather_without_end(subscriber, monkeypatch):
    monkeypatch.setattr("shared.subscriber._GIVEN_UP_AFTER_S", 60)
    ears = {f"left {n}": follow(subscriber, f"left {n}") for n in range(65)}

    for channel, ear in ears.items():
        subscriber.remove(channel, ear)

    wait_until(lambda: not any(map(followed, ears)), 5, "the end of all of them")


def test_without_a_connection_a_command_is_refused_at_once():
    with pytest.raises(RedisError, match="no connection"):
        Subscriber().call("PING")


def test_a_script_that_is_not_loaded_is_told_apart_and_following_goes_on(subscriber):
    ear = follow(subscriber, "a")

    with pytest.raises(NoScriptError):
        subscriber.call("EVALSHA", "0" * 40, 0)

    publish("a", b"1")
    ear.waits_for(b"1")


def test_who_waits_for_an_answer_is_told_when_the_connection_is_lost(subscriber):
    follow(subscriber, "a")
    told = []

    def wait():
        try:
            subscriber.call("BLPOP", "never filled", 30)
        except RedisError as error:
            told.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    wait_until(lambda: get_redis().info("clients")["blocked_clients"], 5, "it to wait")
    kill_the_connection()
    waiting.join(5)

    assert len(told) == 1
