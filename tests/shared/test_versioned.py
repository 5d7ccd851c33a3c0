"""Rows that a process remembers until it hears of a change."""

import pytest
from redis.exceptions import RedisError

from shared import db, versioned
from shared.redis import get_redis, key
from shared.versioned import Versioned
from tests.services.crowd import at_once

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def copies():
    """Two processes' copies of the same rows, and the rows."""
    rows = ["first"]
    return Versioned("things", lambda: list(rows)), Versioned("things", lambda: list(rows)), rows


def test_rows_are_read_once(copies):
    one, _, rows = copies
    one.rows()
    rows.append("second")

    assert one.rows() == ["first"]


def test_a_change_is_heard_by_all_once_it_is_durable(copies, monkeypatch):
    monkeypatch.setattr(versioned, "_FRESH_S", -1.0)
    one, other, rows = copies
    assert one.rows() == other.rows() == ["first"]

    with db.transaction():
        rows.append("second")
        one.changed()
        before = other.rows()

    assert before == ["first"]
    assert one.rows() == other.rows() == ["first", "second"]


def test_a_change_that_is_rolled_back_is_told_to_nobody(copies):
    one, _, _ = copies
    with pytest.raises(ValueError, match="no"), db.transaction():
        one.changed()
        raise ValueError("no")

    assert get_redis().get(key("things", "version")) is None


def test_while_redis_is_away_older_rows_count_and_it_is_asked_rarely(copies, monkeypatch):
    one, _, rows = copies
    one.rows()
    rows.append("second")
    asked = []

    class Away:
        def get(self, _name):
            asked.append(1)
            raise RedisError("away")

    monkeypatch.setattr(versioned, "get_redis", Away)
    one._checked_at -= 10

    found = [one.rows() for _ in range(5)]

    assert found == [["first"]] * 5
    assert len(asked) == 1


def test_while_one_looks_for_changes_the_others_do_not(copies, monkeypatch):
    one, _, _ = copies
    one.rows()
    asked = []

    class Slow:
        def get(self, _name):
            asked.append(one.rows())

    monkeypatch.setattr(versioned, "get_redis", Slow)
    one._checked_at -= 10

    assert one.rows() == ["first"]
    assert asked == [["first"]]


def test_what_was_never_read_is_read_although_redis_is_away(mortal_valkey, copies):
    one, _, _ = copies
    mortal_valkey.kill()

    assert one.rows() == ["first"]


def test_nobody_takes_what_is_being_read_for_nothing(copies):
    one, _, _ = copies

    assert at_once(8, lambda _: one.rows()) == [["first"]] * 8
