"""The client of Redis: its shorter way for single commands tells the truth, also after losses."""

from contextlib import suppress

import pytest
from redis.exceptions import ResponseError

from shared.redis import get_redis
from tests.services.crowd import at_once

pytestmark = pytest.mark.usefixtures("world")


def test_commands_one_after_the_other_share_a_connection():
    first = get_redis().client_id()

    assert [get_redis().client_id() for _ in range(5)] == [first] * 5


def test_a_command_after_the_loss_of_its_connection_is_answered():
    get_redis().set("a", "1")
    for connection in get_redis().connection_pool._connections:
        if connection._sock is not None:
            with suppress(OSError):  # that of an earlier test may be lost already
                connection._sock.shutdown(2)

    assert get_redis().get("a") == b"1"


def test_a_command_is_answered_when_the_server_has_closed_the_connection():
    get_redis().set("a", "1")
    get_redis().client_kill_filter(_type="normal", skipme=True)
    get_redis().client_kill_filter(_id=get_redis().client_id(), skipme=False)

    assert get_redis().get("a") == b"1"


def test_a_refused_command_leaves_its_connection_in_order():
    get_redis().set("a", "no number")

    with pytest.raises(ResponseError):
        get_redis().incr("a")

    assert get_redis().get("a") == b"no number"


def test_what_was_interrupted_is_not_read_by_the_next_one(monkeypatch):
    client = get_redis()
    client.set("a", "1")

    def interrupt(*_more, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(client, "parse_response", interrupt)
        client.echo("half an answer")

    assert client.get("a") == b"1"


def test_many_at_once_get_each_their_own_answer():
    answers = at_once(40, lambda number: get_redis().echo(str(number)))

    assert [int(answer) for answer in answers] == list(range(40))
