"""Pictures of accounts, fetched from where an identity provider has them; news for admins."""

import base64
import json

import pytest

from shared import db
from shared.config.options import get_options
from shared.kinds.accounts import FETCH_PICTURE, FetchPicture
from shared.services import accounts
from tests.fakes.web_server import FakeWeb
from tests.services.inside import sent
from tests.services.things import new_job, new_user, row_of
from workers import base

pytestmark = pytest.mark.usefixtures("world")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def web(configure):
    configure(outbound_allowed_networks="127.0.0.1/32")
    with FakeWeb() as server:
        yield server


def fetch(user, url):
    job_id = new_job(None, FETCH_PICTURE, FetchPicture(user_id=user.id, url=url))
    base.run(job_id)
    with db.reading():
        return row_of(job_id).status, accounts.by_id(user.id).profile_image_url


def test_a_picture_is_kept_with_the_account(web):
    status, image = fetch(new_user(), web.put("/p", PNG, "image/png"))

    assert status == "completed"
    assert image == "data:image/png;base64," + base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='x' onload='y'/>", b"<html>", b"", PNG + bytes(600_000)]
)
def test_what_is_no_picture_is_not_kept(web, content):
    status, image = fetch(new_user(), web.put("/p", content, "image/png"))

    assert (status, image) == ("failed", "/user.png")


def test_a_picture_that_the_user_has_chosen_stays(web):
    user = new_user()
    with db.transaction():
        accounts.set_profile(user.id, "Ada", "data:own")

    assert fetch(user, web.put("/p", PNG, "image/png")) == ("completed", "data:own")


def test_an_address_inside_the_own_network_is_not_opened(configure):
    with FakeWeb() as web:
        status, image = fetch(new_user(), web.put("/p", PNG, "image/png"))

        assert (status, image) == ("failed", "/user.png")
        assert web.asked == []


# News for admins


def arrive(email="new@example.com"):
    with db.transaction():
        return accounts.welcome("New", email)


def test_admins_hear_at_their_webhook_of_a_new_account(web):
    new_user("admin")
    get_options().set({"WEBHOOK_URL": web.put("/hook", "ok")})
    user = arrive()

    base.run(sent("default")[0])

    [(method, _, _, body)] = web.asked
    told = json.loads(body)
    assert (method, told["action"], told["user"]["id"]) == ("POST", "signup", user.id)
    assert told["text"] == told["message"] == "New account: New"
    assert told["user"]["role"] == "pending"


def test_without_a_webhook_nobody_is_told():
    new_user("admin")

    arrive()

    assert sent("default") == []


def test_an_account_is_opened_although_the_webhook_is_away():
    new_user("admin")
    get_options().set({"WEBHOOK_URL": "http://127.0.0.1:9/hook"})
    arrive()
    job_id = sent("default")[0]

    base.run(job_id)

    assert row_of(job_id).status == "failed"
    with db.reading():
        assert accounts.by_email("new@example.com") is not None
