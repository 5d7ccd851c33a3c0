"""The poller: tells the first arrival, or that time is up."""

import socket

import gevent
import pytest
from kombu.utils.eventio import READ

from workers.poller import GreenPoller


@pytest.fixture
def poller():
    made = GreenPoller()
    yield made
    made.close()


@pytest.fixture
def pair():
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_nothing_arrives_in_time(poller, pair):
    poller.register(pair[0], READ)

    assert poller.poll(0.01) is None


def test_an_arrival_is_told_with_the_number_of_its_connection(poller, pair):
    here, there = pair
    poller.register(here, READ)
    there.send(b"x")

    assert poller.poll(5) == [(here.fileno(), READ)]


def test_what_was_not_read_is_told_again(poller, pair):
    here, there = pair
    poller.register(here, READ)
    there.send(b"x")

    assert [poller.poll(5), poller.poll(5)] == [[(here.fileno(), READ)]] * 2


def test_what_was_read_is_not_told_again(poller, pair):
    here, there = pair
    poller.register(here, READ)
    there.send(b"x")
    poller.poll(5)
    here.recv(1)

    assert poller.poll(0.01) is None


def test_the_end_of_a_connection_is_an_arrival(poller, pair):
    here, there = pair
    poller.register(here, READ)
    there.close()

    assert poller.poll(5) == [(here.fileno(), READ)]


def test_of_several_connections_only_those_are_told_that_are_registered(poller, pair):
    here, there = pair
    poller.register(here, READ)
    poller.register(there, READ)
    here.send(b"x")
    there.send(b"x")
    poller.unregister(here)

    assert poller.poll(5) == [(there.fileno(), READ)]


def test_a_connection_that_was_closed_can_be_unregistered(poller):
    here, there = socket.socketpair()
    poller.register(here, READ)
    here.close()
    there.close()

    poller.unregister(here)

    assert poller.poll(0.01) is None


def test_what_is_there_already_is_told_before_other_green_threads_run(poller, pair):
    here, there = pair
    poller.register(here, READ)
    there.send(b"x")
    others = []
    gevent.spawn(others.append, "ran")

    assert poller.poll(5) == [(here.fileno(), READ)]
    assert not others
