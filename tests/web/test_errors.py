"""Errors become answers: a status, and `{"detail": …}`."""

import pytest
from flask import Flask
from redis.exceptions import ConnectionError as RedisDown
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from shared import db
from shared.errors import (
    BadSession,
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotSignedIn,
    Unavailable,
    UpstreamFailed,
)
from tests.services.things import new_user
from web import errors
from web.errors import Status


@pytest.fixture
def answer_to():
    """Give the answer to a request whose view raises an error, or calls what raises one."""
    app = Flask("failing")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    errors.register(app)

    def ask(failing):
        def view():
            if isinstance(failing, BaseException):
                raise failing
            failing()
            return "fine"

        app.view_functions["view"] = view
        return app.test_client().get("/")

    app.add_url_rule("/", "view")
    return ask


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound(), 404),
        (Forbidden(), 401),
        (NotSignedIn(), 403),
        (BadSession(), 401),
        (Invalid(), 400),
        (Conflict(), 400),
        (Busy(), 429),
        (Unavailable(), 503),
        (UpstreamFailed({"error": "host answered: no."}), 400),
        (Status(418, "I am a teapot."), 418),
    ],
)
def test_each_error_of_ours_has_its_status_and_its_words(answer_to, error, status):
    answer = answer_to(error)

    assert (answer.status_code, answer.json) == (status, {"detail": error.message})
    assert answer.content_type == "application/json"


def test_an_error_of_a_kind_of_its_own_counts_as_what_it_is_made_from(answer_to):
    class NoSuchNote(NotFound):
        """There is no such note."""

    answer = answer_to(NoSuchNote())

    assert (answer.status_code, answer.json) == (404, {"detail": "There is no such note."})


@pytest.mark.parametrize(("error", "seconds"), [(Busy("x", 7.2), "8"), (Busy("x", 0.1), "1")])
def test_whoever_asks_too_often_is_told_when_to_come_back(answer_to, error, seconds):
    assert answer_to(error).headers["Retry-After"] == seconds


def test_what_may_pass_by_itself_is_worth_another_try(answer_to):
    assert answer_to(Unavailable()).headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    "error", [RedisDown("10.0.0.1 refused"), OperationalError("SELECT", {}, Exception("locked"))]
)
def test_a_part_that_is_away_is_told_without_its_address(answer_to, error):
    answer = answer_to(error)

    assert answer.status_code == 503
    assert answer.json["detail"].startswith("A part of the server is not available")


def test_a_mistake_of_ours_is_logged_and_not_told(answer_to, caplog):
    answer = answer_to(ZeroDivisionError("secret words"))

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "ZeroDivisionError" in caplog.text


def store(statement, **values):
    def run():
        with db.transaction() as session:
            session.execute(text(statement), values)

    return run


OPTION = 'INSERT INTO "option" (key, value, updated_at) VALUES (:key, :value, 1)'


def test_a_mistake_in_our_sql_is_not_told_as_an_outage(answer_to, each_database, caplog):
    answer = answer_to(store("INSERT INTO nowhere VALUES (:x)", x="what a user wrote"))

    assert answer.status_code == 500
    assert "nowhere" in caplog.text
    assert "what a user wrote" not in caplog.text


def test_two_who_store_the_same_thing_are_told_that_it_was_taken(answer_to, each_database, caplog):
    caplog.set_level("INFO")
    user = new_user()
    statement = "INSERT INTO credential (user_id, password) VALUES (:user, 'x')"

    answer = answer_to(store(statement, user=user.id))

    assert answer.status_code == 400
    assert user.id not in caplog.text


def test_a_value_that_the_database_cannot_hold_is_the_clients_mistake(answer_to, on_postgres):
    too_long = answer_to(store(OPTION, key="x" * 300, value="1"))
    with_nul = answer_to(store(OPTION, key="a\x00b", value="1"))

    assert (too_long.status_code, with_nul.status_code) == (400, 400)
    assert "too long" in too_long.json["detail"]
