"""Our own Valkey: its settings, its password, and what survives a kill."""

import os
import shlex
import socket
import stat

import pytest
import redis

from launch import valkey
from launch.valkey import check
from tests.services.waiting import wait_until


@pytest.fixture
def server(tmp_path, start_marked):
    """Start the server, each time on the same folder, whose name needs quoting."""
    data_dir = tmp_path / 'da"ta dir'
    data_dir.mkdir()

    def start():
        command, url = valkey.prepare(data_dir)
        process = start_marked(shlex.split(command), lambda _: _answers(url), log="valkey.log")
        return process, redis.Redis.from_url(url), data_dir

    return start


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def test_the_server_asks_for_a_password_that_stands_in_no_command_line(server):
    process, client, data_dir = server()
    password = (data_dir / "valkey" / "password").read_text()
    port = client.connection_pool.connection_kwargs["port"]

    with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()

    assert password not in " ".join(process.everybody()[0].cmdline())
    client.close()


def test_files_with_the_password_belong_to_their_owner_only(server):
    _, client, data_dir = server()

    modes = {
        name: stat.S_IMODE((data_dir / "valkey" / name).stat().st_mode)
        for name in ("password", "valkey.conf")
    }

    assert modes == {"password": 0o600, "valkey.conf": 0o600}
    client.close()


def test_the_server_keeps_everything_and_forgets_nothing_under_pressure(server):
    _, client, _ = server()

    settings = client.config_get("appendonly", "appendfsync", "maxmemory-policy", "save")

    assert settings == {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
    }
    client.close()


def test_data_survive_a_kill_and_the_port_stays_the_same(server):
    first, client, _ = server()
    client.rpush("jobs", *range(500))
    client.execute_command("WAITAOF", 1, 0, 5000)
    port = client.connection_pool.connection_kwargs["port"]

    first.kill()
    wait_until(lambda: not first.everybody(), 5, "the server to be gone")
    client.close()
    _, client, _ = server()

    assert client.llen("jobs") == 500
    assert client.connection_pool.connection_kwargs["port"] == port
    client.close()


def test_a_taken_port_is_picked_anew(tmp_path):
    (tmp_path / "valkey").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "valkey" / "port").write_text(str(port))

        _, url = valkey.prepare(tmp_path)

    assert url.endswith("/0")
    assert f":{port}/" not in url
    assert valkey.running_address(tmp_path) == url


def test_without_a_server_the_start_says_what_to_do(monkeypatch):
    monkeypatch.setattr(valkey, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", os.devnull)

    with pytest.raises(SystemExit, match="set REDIS_URL"):
        valkey.find_server()


def test_a_server_that_is_not_ours_is_warned_of_when_it_forgets(valkey, capsys):
    with valkey.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        check(valkey.url)
        client.config_set("maxmemory-policy", "noeviction")

    assert "maxmemory-policy allkeys-lru: when it is full it forgets" in capsys.readouterr().out


def test_a_server_that_is_not_ours_and_can_be_used_is_no_news(valkey, capsys):
    check(valkey.url)

    assert capsys.readouterr() == ("", "")
