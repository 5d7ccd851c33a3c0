"""Whoever speaks to Redis follows the primary that the Sentinels name."""

from collections.abc import Iterator
from typing import Any

import pytest
from redis.exceptions import RedisError

from launch.valkey import check
from shared import relay
from shared.flusher import Flusher
from shared.redis import get_redis
from shared.subscriber import Subscriber
from tests.services.sentinel import ReplicatedValkey
from tests.services.waiting import free_port, wait_until

JOB = "01a20ae9-68a1-735a-ba9e-66c058a25473"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicatedValkey]:
    """A primary, a replica and Sentinels."""
    servers = ReplicatedValkey(tmp_path_factory.mktemp("pair"))
    try:
        yield servers.start()
    finally:
        servers.close()


@pytest.fixture
def following(pair: ReplicatedValkey, configure: Any) -> Iterator[ReplicatedValkey]:
    """This process, as one that follows the primary."""
    pair.wait_complete()
    configure(redis_url=pair.url)
    get_redis.cache_clear()
    yield pair
    get_redis.cache_clear()


def answers() -> bool:
    try:
        return bool(get_redis().set("asked", "1"))
    except RedisError:
        return False


def change(pair: ReplicatedValkey) -> None:
    """Let the replica take over, and wait until that has been done."""
    old = pair.primary()
    pair.fail_over()
    wait_until(lambda: pair.primary() is not old, 20, "the replica to take over")


def test_a_client_writes_to_the_primary_and_to_its_successor(following: ReplicatedValkey):
    get_redis().set("kept", "1")

    change(following)

    with following.primary().client() as primary:
        is_there = lambda: answers() and primary.get("asked")  # noqa: E731
        wait_until(is_there, 10, "what is written to be at the successor")
    assert get_redis().get("kept") == b"1"


def test_events_and_their_readers_go_on_at_the_successor(following: ReplicatedValkey):
    heard: list[bytes | None] = []
    subscriber, flusher = Subscriber(), Flusher()
    assert subscriber.add(relay.channel(JOB), heard.append).wait(5)
    writer = flusher.writer(JOB, 1, lambda reason: pytest.fail(f"refused: {reason}"))
    writer.text("before ")
    wait_until(lambda: len(heard) == 1, 5, "the first event")

    change(following)
    wait_until(lambda: None in heard, 20, "the subscriber to tell of the gap")
    writer.text("after")
    assert flusher.drain(20)

    wait_until(lambda: any(f and b"after" in f for f in heard), 5, "the second event")
    assert [b"before" in e or b"after" in e for e in relay.replay(JOB, 0)] == [True, True]


def test_a_server_that_has_become_a_replica_is_left(following: ReplicatedValkey):
    get_redis().set("a", "1")
    connection = get_redis().connection_pool.get_connection()
    old = following.primary()
    with old.client() as client:
        other = next(one for one in following.servers if one is not old)
        client.replicaof("127.0.0.1", other.port)
        connection.send_command("SET", "a", "2")

        with pytest.raises(RedisError, match="not the primary"):
            connection.read_response()

        client.replicaof("NO", "ONE")
    assert connection._sock is None


def test_the_start_is_refused_while_no_sentinel_answers():
    url = f"sentinel://127.0.0.1:{free_port()}/0"

    with pytest.raises(SystemExit, match="REDIS_URL does not answer"):
        check(url)


def test_the_start_goes_on_when_the_primary_is_found(pair: ReplicatedValkey, capsys: Any):
    check(pair.url)

    assert capsys.readouterr() == ("", "")
