"""Which cache a process has; what caches do is in tests/contracts/test_caches.py."""

import pytest

from shared.cache import MemoryCache, RedisCache, get_cache
from shared.redis import get_redis


@pytest.fixture(autouse=True)
def _afresh():
    get_cache.cache_clear()
    yield
    get_cache.cache_clear()


@pytest.mark.parametrize(("name", "kind"), [("redis", RedisCache), ("memory", MemoryCache)])
def test_the_setting_names_the_cache(configure, name, kind):
    configure(cache=name)

    assert type(get_cache()) is kind
    assert get_cache() is get_cache()


def test_what_is_in_redis_is_seen_by_all_processes(world):
    RedisCache().set("name", b"value", 60)

    assert RedisCache().get("name") == b"value"


def test_names_in_redis_begin_with_the_instances_prefix(world, configure):
    configure(redis_prefix="yard-2")

    RedisCache().set("name", b"value", 60)

    assert get_redis().keys() == [b"yard-2:cache:name"]
