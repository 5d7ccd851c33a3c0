"""Identifiers: UUIDs of version 7 that sort as they were made."""

import time
import uuid

from shared.ids import new_id


def test_ids_sort_in_the_order_in_which_they_were_made():
    made = [new_id() for _ in range(5000)]

    assert made == sorted(set(made))


def test_an_id_is_a_uuid_of_version_7_that_tells_when_it_was_made():
    before = time.time()

    found = uuid.UUID(new_id())

    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert before - 0.001 <= (found.int >> 80) / 1000 <= time.time()
