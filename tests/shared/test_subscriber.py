"""One subscription for a process: who leaves is forgotten, gaps are told, mistakes stay alone."""

import uuid

import pytest

from shared.redis import get_redis
from shared.subscriber import Subscriber
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("world")


class Follower:
    """Keeps what it hears."""

    def __init__(self):
        self.heard = []

    def hear(self, message):
        self.heard.append(message)


class Clumsy(Follower):
    """Stumbles over everything."""

    def hear(self, message):
        raise ValueError("this follower stumbles over everything")


@pytest.fixture
def channel():
    """A channel of the test's own: subscribers of other tests live as long as the process."""
    return f"channel-{uuid.uuid4().hex}"


@pytest.fixture
def subscriber():
    return Subscriber()


def publish(channel, text):
    get_redis().publish(channel, text)


def listeners(channel):
    return get_redis().pubsub_numsub(channel)[0][1]


def cut_subscriptions():
    get_redis().client_kill_filter(_type="pubsub")


def test_all_followers_of_a_channel_hear_its_messages(subscriber, channel):
    first, second = Follower(), Follower()
    for one in (first, second):
        assert subscriber.add(channel, one.hear).wait(5)

    publish(channel, "hello")

    wait_until(lambda: first.heard and second.heard, 5, "both to hear it")
    assert first.heard == second.heard == [b"hello"]


def test_who_has_left_hears_nothing_more(subscriber, channel):
    leaver, stayer = Follower(), Follower()
    for one in (leaver, stayer):
        assert subscriber.add(channel, one.hear).wait(5)

    subscriber.remove(channel, leaver.hear)
    publish(channel, "hello")

    wait_until(lambda: stayer.heard, 5, "the other to hear it")
    assert not leaver.heard


def test_a_channel_that_nobody_follows_any_more_is_given_up(subscriber, channel):
    follower = Follower()
    assert subscriber.add(channel, follower.hear).wait(5)
    assert listeners(channel) == 1

    subscriber.remove(channel, follower.hear)

    wait_until(lambda: listeners(channel) == 0, 5, "the subscription to end")
    assert not subscriber._topics


def test_a_lost_connection_is_opened_anew_and_the_gap_is_told(subscriber, channel):
    follower = Follower()
    assert subscriber.add(channel, follower.hear).wait(5)

    cut_subscriptions()

    wait_until(lambda: follower.heard == [None], 5, "the gap to be told")
    publish(channel, "hello")
    wait_until(lambda: follower.heard == [None, b"hello"], 5, "messages to come again")


def test_who_comes_while_there_is_no_connection_is_told_of_the_gap(mortal_valkey, channel):
    subscriber = Subscriber()
    first, late = Follower(), Follower()
    assert subscriber.add(channel, first.hear).wait(5)
    mortal_valkey.kill()
    wait_until(lambda: subscriber._connection is None, 5, "the loss to be noticed")

    ready = subscriber.add("late", late.hear)
    mortal_valkey.restart()

    assert ready.wait(10)
    wait_until(lambda: late.heard == [None], 5, "the late one to be told of the gap")


def test_a_follower_that_stumbles_deafens_nobody(subscriber, channel, caplog):
    clumsy, follower = Clumsy(), Follower()
    for one in (clumsy, follower):
        assert subscriber.add(channel, one.hear).wait(5)

    publish(channel, "hello")
    publish(channel, "again")

    wait_until(lambda: follower.heard == [b"hello", b"again"], 5, "the other to hear both")
    assert "stumbles over everything" in caplog.text
