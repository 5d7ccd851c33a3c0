"""Telling members who are away of a message, at their webhooks."""

import json

import pytest

from shared import db
from shared.config.options import get_options
from shared.models.user import User
from shared.services import channel_messages, channels, presence
from shared.services.channels import Draft
from tests.fakes.web_server import FakeWeb
from tests.services.inside import sent
from tests.services.things import new_user
from workers import base


@pytest.fixture
def web(each_database, configure):
    configure(outbound_allowed_networks="127.0.0.1")
    with FakeWeb() as server:
        yield server


def new_member(web, path="/hook", **settings):
    """Open an account whose user wishes to be told."""
    user = new_user()
    with db.transaction() as session:
        wish = {"notifications": {"webhook_url": web.put(path, "ok")}}
        session.get(User, user.id).settings = {"ui": {**wish, **settings}}
    return user


def post(author, control=None):
    """Write in a new channel, and run the jobs that this brings."""
    with db.transaction():
        draft = Draft("general", None, None, None, control)
        channel = channels.create(author, draft)
        channel_messages.post(author, channel, "Hello")
    for job in sent("default"):
        base.run(job)
    return channel


def test_who_is_away_is_told(web):
    new_member(web)

    channel = post(new_user("admin"))

    ((method, path, headers, body),) = web.asked
    told = json.loads(body)
    assert (method, path, headers["content-type"]) == ("POST", "/hook", "application/json")
    assert (told["action"], told["title"]) == ("channel", "general")
    assert told["message"]["content"] == "Hello"
    assert told["url"].endswith(f"/channels/{channel.id}")


def test_who_is_here_or_wrote_it_or_may_not_read_is_not_told(web):
    presence.arrive("process", [new_member(web).id])
    author, outsider = new_member(web), new_member(web)

    post(author)
    asked_by_open = len(web.asked)
    post(author, control={})

    assert asked_by_open == 1, "only the outsider was away and may read"
    assert len(web.asked) == 1, outsider.id


def test_nobody_is_told_where_admins_have_switched_it_off(web):
    new_member(web)
    with db.transaction():
        get_options().set({"ENABLE_USER_WEBHOOKS": False})

    post(new_user("admin"))

    assert web.asked == []


@pytest.mark.parametrize("odd", ["/nothing", "http://10.0.0.1/x", "ftp://x", "no address", 7, {}])
def test_an_address_that_cannot_be_reached_keeps_nobody_else_from_hearing(web, odd):
    new_member(web, notifications={"webhook_url": odd})
    new_member(web)

    post(new_user("admin"))

    assert [path for _, path, _, _ in web.asked] == ["/hook"]
