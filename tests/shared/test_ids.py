"""Identifiers: UUIDs of version 7 that sort as they were made."""

import time
import uuid

from shared.ids import first_id_at, new_id


def test_ids_sort_in_the_order_in_which_they_were_made():
    made = [new_id() for _ in range(5000)]

    assert made == sorted(set(made))


def test_an_id_is_a_uuid_of_version_7_that_tells_when_it_was_made():
    before = time.time()

    found = uuid.UUID(new_id())

    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert before - 0.001 <= (found.int >> 80) / 1000 <= time.time()


def test_a_moment_stands_before_the_ids_that_are_made_from_then_on(monkeypatch):
    monkeypatch.setattr("shared.ids.time.time_ns", lambda: 1_700_000_000_000_000_000)
    made = new_id()

    assert first_id_at(1_700_000_000) < made < first_id_at(1_700_000_001)
    assert first_id_at(-5) < made
