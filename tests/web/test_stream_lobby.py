"""The lobby: who is here and what is in use, told when it has changed."""

import json

import pytest

from shared.services import presence
from web.stream.lobby import Lobby

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def got():
    return []


@pytest.fixture
def lobby(got):
    def send(sid, packet):
        got.append((sid, *json.loads(packet[1:])))

    return Lobby(send, lambda: ["one", "two"], lambda: ["ada"])


def test_all_sockets_hear_who_is_here_at_any_process(lobby, got):
    presence.arrive("another", ["bob"])
    lobby.say_again()

    lobby.tell_news()

    list_ = {"user_ids": ["ada", "bob"]}
    assert got == [("one", "user-list", list_), ("two", "user-list", list_)]


def test_what_has_not_changed_is_not_told_again(lobby, got):
    lobby.say_again()
    lobby.tell_news()
    count = len(got)

    lobby.say_again()
    lobby.hear("present")
    lobby.tell_news()

    assert len(got) == count


def test_a_user_stays_while_another_process_has_a_socket(world):
    for process in ("one", "two"):
        presence.arrive(process, ["ada"])

    presence.leave("one", "ada")
    still = presence.users()
    presence.leave("two", "ada")

    assert (still, presence.users()) == (["ada"], [])


def test_the_larger_the_crowd_the_longer_changes_gather(got):
    def send(sid, packet):
        got.append(sid)

    many = [f"user-{number}" for number in range(500)]
    lobby = Lobby(send, lambda: many, lambda: many)
    lobby.say_again()

    assert lobby.tell_news() > 5


@pytest.mark.parametrize("odd", [None, 7, {}, "", "x" * 1000])
def test_what_is_no_model_is_not_in_use(lobby, odd):
    lobby.use(odd)

    assert presence.models() == []


def test_a_model_is_in_use_until_nobody_says_so_any_more(lobby, got):
    lobby.use("alpha")
    lobby.hear("used")

    pause = lobby.tell_news()

    assert got[0] == ("one", "usage", {"models": ["alpha"]})
    assert pause >= presence.IN_USE_S


def test_a_socket_hears_nothing_while_redis_is_away(lobby, got, mortal_valkey):
    mortal_valkey.kill()

    lobby.tell("one")
    lobby.use("alpha")

    assert got == []
