"""Connections that are kept, for how long, and which are given out again."""

import contextlib
import socket

import pytest

from workers.providers.pool import Line, Pool
from workers.providers.wire import Chunked


class Done:
    complete = True
    rest = b""


@pytest.fixture
def lines():
    with contextlib.ExitStack() as stack:

        def make() -> tuple[Line, socket.socket]:
            ours, theirs = socket.socketpair()
            stack.enter_context(ours)
            stack.enter_context(theirs)
            line = Line(ours)
            line.body = Done()
            return line, theirs

        yield make


def test_the_pool_gives_the_newest_connection_first(lines):
    pool = Pool(max_idle=5, max_idle_s=30)
    (old, _), (new, _) = made = [lines(), lines()]
    for line, _ in made:
        pool.give("origin", line)

    assert [pool.take("origin"), pool.take("origin"), pool.take("origin")] == [new, old, None]


def test_the_pool_keeps_a_bounded_number(lines):
    pool = Pool(max_idle=2, max_idle_s=30)
    for line, _ in (made := [lines() for _ in range(3)]):
        pool.give("origin", line)

    assert made[0][0].sock.fileno() == -1
    assert [pool.take("origin"), pool.take("origin")] == [made[2][0], made[1][0]]


def test_the_pool_keeps_for_a_bounded_time(lines):
    pool = Pool(max_idle=2, max_idle_s=0)
    line, _ = lines()
    pool.give("origin", line)

    assert pool.take("origin") is None
    assert line.sock.fileno() == -1


@pytest.mark.parametrize("act", [lambda sock: sock.sendall(b"HTTP/1.1 408"), socket.socket.close])
def test_the_pool_gives_no_connection_on_which_something_happened(lines, act):
    pool = Pool(max_idle=2, max_idle_s=30)
    line, theirs = lines()
    pool.give("origin", line)
    act(theirs)

    assert pool.take("origin") is None


def test_a_connection_whose_last_chunk_is_to_come_waits_for_it_in_the_pool(lines):
    pool = Pool(max_idle=5, max_idle_s=30)
    (ready, _), (early, theirs) = lines(), lines()
    early.body = Chunked()
    for line in (ready, early):
        pool.give("origin", line)

    assert [pool.take("origin"), pool.take("origin")] == [ready, None]
    theirs.sendall(b"0\r\n\r\n")
    assert pool.take("origin") is early


def test_a_cleared_pool_is_empty(lines):
    pool = Pool(max_idle=2, max_idle_s=30)
    line, _ = lines()
    pool.give("origin", line)
    pool.clear()

    assert pool.take("origin") is None
    assert line.sock.fileno() == -1
