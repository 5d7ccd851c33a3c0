"""Whose jobs wait in line, as the workers tell one another."""

from dataclasses import replace

import pytest

from shared import leases, relay
from shared.leases import Claim
from shared.places import Waiting
from shared.redis import get_redis
from tests.services.things import new_job, new_user
from workers import line

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch):
    monkeypatch.setattr(line, "_waiting", {})


@pytest.fixture
def ended():
    """A job that has ended, as it was claimed."""
    claim = leases.claim(new_job(new_user()))
    assert isinstance(claim, Claim)
    return claim


def tell(behind):
    """Tell of a waiting job, and give what the other workers hear."""
    listener = get_redis().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(relay.control_channel())
    listener.get_message(timeout=5)
    line.tell(Waiting("j", 0, behind, 1))
    message = listener.get_message(timeout=5)["data"]
    listener.close()
    return message


def test_where_nobody_was_heard_of_nobody_waits(ended):
    assert not line.has_waiting(ended)


def test_whoever_waits_for_a_user_is_known_when_a_job_of_that_user_ends(ended):
    line.hear(tell(ended.user_id))

    assert line.has_waiting(ended)
    assert not line.has_waiting(replace(ended, user_id="another"))


def test_whoever_waits_for_a_model_is_known_when_a_job_of_that_model_ends(ended):
    line.hear(tell("alpha"))

    assert line.has_waiting(ended)


def test_names_may_hold_any_letters(ended):
    line.hear(tell('é "quoted"\n'))

    assert line.has_waiting(replace(ended, user_id='é "quoted"\n'))


def test_who_was_heard_of_long_ago_is_forgotten(ended, monkeypatch):
    monkeypatch.setattr(line, "_REMEMBERED_S", 0.0)

    line.hear(tell(ended.user_id))

    assert not line.has_waiting(ended)


@pytest.mark.parametrize("message", [b"", b"cancel j", b"waiting", b"something else"])
def test_other_messages_are_passed_over(ended, message):
    line.hear(message)

    assert not line.has_waiting(ended)
