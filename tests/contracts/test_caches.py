"""One suite over every cache."""

import time

import pytest

from shared.cache import Cache, MemoryCache, RedisCache
from shared.ids import new_id
from tests.services.waiting import wait_until


@pytest.fixture(params=["memory", "redis"])
def cache(request) -> Cache:
    if request.param == "redis":
        request.getfixturevalue("valkey")
        return RedisCache()
    return MemoryCache()


@pytest.fixture
def name() -> str:
    return new_id()


def test_gives_back_what_was_set(cache, name):
    cache.set(name, b"value", 60)

    assert cache.get(name) == b"value"


def test_knows_nothing_of_what_was_never_set(cache, name):
    assert cache.get(name) is None
    assert cache.ttl_s(name) == 0


def test_forgets_after_the_lifetime(cache, name):
    cache.set(name, b"value", 0.05)

    wait_until(lambda: cache.get(name) is None, 5, "the value to expire")


def test_forgets_what_is_deleted(cache, name):
    cache.set(name, b"value", 60)

    cache.delete(name)

    assert cache.get(name) is None


def test_counts_up_within_one_lifetime(cache, name):
    counts = [cache.increment(name, 60) for _ in range(3)]

    assert counts == [1, 2, 3]
    assert 0 < cache.ttl_s(name) <= 60


def test_a_count_starts_anew_after_its_lifetime(cache, name):
    cache.increment(name, 0.05)

    wait_until(lambda: cache.get(name) is None, 5, "the count to expire")

    assert cache.increment(name, 60) == 1


def test_later_counts_do_not_lengthen_the_lifetime(cache, name):
    cache.increment(name, 1)
    started = time.monotonic()
    cache.increment(name, 100)

    assert cache.ttl_s(name) <= 1.0 - (time.monotonic() - started) + 0.01


def test_a_number_goes_up_and_down_and_lives_on_from_each_change(cache, name):
    numbers = [cache.adjust(name, by, ttl_s) for by, ttl_s in ((2, 1), (-1, 60), (-1, 60))]

    assert numbers == [2, 1, 0]
    assert cache.ttl_s(name) > 1


def test_memory_drops_the_oldest_beyond_its_limit():
    cache = MemoryCache(limit=2)
    for number in range(3):
        cache.set(str(number), b"value", 60)

    assert [cache.get(str(n)) for n in range(3)] == [None, b"value", b"value"]
