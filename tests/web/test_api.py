"""What every endpoint does with its body, its query, its transaction and its answer."""

import pytest
from flask import Flask
from pydantic import BaseModel, Field
from sqlalchemy import text

from shared import db
from shared.errors import Invalid
from tests.services.things import new_user
from web import errors
from web.api import endpoint


class Form(BaseModel):
    name: str = Field(min_length=1)
    count: int = 1


class Shown(BaseModel):
    name: str


class Row:
    name, secret = "Ada", "hidden"


@pytest.fixture
def app(world):
    app = Flask("endpoints")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    errors.register(app)
    return app


def call(app, view, method="POST", **options):
    app.add_url_rule("/", "view", view, methods=[method])
    return app.test_client().open("/", method=method, **options)


def echo(**declared):
    @endpoint(transaction=None, **declared)
    def view(body=None, query=None):
        """Give back."""
        return (body or query).model_dump()

    return view


def test_a_body_is_handed_over_in_its_form(app):
    answer = call(app, echo(body=Form), json={"name": "Ada", "unknown": 1})

    assert answer.json == {"name": "Ada", "count": 1}


def test_a_body_counts_whatever_content_type_it_claims(app):
    answer = call(app, echo(body=Form), data=b'{"name": "Ada"}', content_type="text/plain")

    assert answer.json["name"] == "Ada"


def test_a_body_that_does_not_fit_is_answered_with_all_its_problems(app):
    answer = call(app, echo(body=Form), json={"name": "", "count": "many"})

    assert answer.status_code == 422
    assert [p["loc"] for p in answer.json["detail"]] == [["body", "name"], ["body", "count"]]
    assert {"type", "loc", "msg", "input"} == set(answer.json["detail"][0])


def test_a_large_body_that_does_not_fit_is_not_sent_back(app):
    class Many(BaseModel):
        name: str
        numbers: list[int]

    body = {"name": {"x": "y" * 1_000_000}, "numbers": ["z" * 100] * 10_000}

    answer = call(app, echo(body=Many), json=body)

    problems = answer.json["detail"]
    assert answer.status_code == 422
    assert problems[0]["input"].startswith('{"x":"yyy')
    assert (len(problems), problems[1]["loc"]) == (100, ["body", "numbers", 0])
    assert len(answer.data) < 50_000


@pytest.mark.parametrize("raw", [b"{", b"\xff", b'{"a": NaN}', b"\x00", b"1 2"])
def test_what_is_no_json_is_answered_with_where(app, raw):
    answer = call(app, echo(body=Form), data=raw)

    (problem,) = answer.json["detail"]
    assert (answer.status_code, problem["type"]) == (422, "json_invalid")
    assert problem["loc"][0] == "body"


@pytest.mark.parametrize("half", [b"\\ud83d", b"\\ude00"])
def test_half_an_emoji_is_mended(app, half):
    answer = call(app, echo(body=Form), data=b'{"name": "Ada %b"}' % half)

    assert answer.json["name"] == "Ada ?"


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"7", b'"text"'])
def test_what_is_no_object_does_not_fit(app, raw):
    assert call(app, echo(body=Form), data=raw).status_code == 422


class Anything(BaseModel):
    value: object


@pytest.mark.parametrize(
    ("depth", "status"), [(90, 200), (99, 200), (100, 422), (500, 422), (100_000, 422)]
)
def test_a_body_may_be_a_hundred_levels_deep(app, depth, status):
    padding = b" " * 500
    raw = b'{"value": ' + b"[" * depth + b"]" * depth + padding + b"}"

    assert call(app, echo(body=Anything), data=raw).status_code == status


def test_a_query_is_handed_over_in_its_form(app):
    answer = call(app, echo(query=Form), "GET", query_string={"name": "Ada", "count": "7"})

    assert answer.json == {"name": "Ada", "count": 7}


def test_a_query_that_does_not_fit_says_so(app):
    answer = call(app, echo(query=Form), "GET", query_string={"name": "Ada", "count": "x"})

    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"] == ["query", "count"]


def test_an_answer_has_its_form_and_nothing_beside(app):
    @endpoint(response=Shown, transaction=None, status=201)
    def view():
        """Show."""
        return Row()

    answer = call(app, view)

    assert (answer.status_code, answer.json) == (201, {"name": "Ada"})
    assert answer.content_type == "application/json"


def users():
    with db.reading() as session:
        return session.execute(text('SELECT count(*) FROM "user"')).scalar_one()


def test_a_view_that_returns_commits(app):
    @endpoint()
    def view():
        """Write."""
        new_user()

    assert (call(app, view).status_code, users()) == (200, 1)


def test_a_view_that_raises_rolls_back(app):
    @endpoint()
    def view():
        """Write and fail."""
        new_user()
        raise Invalid("no")

    assert (call(app, view).status_code, users()) == (400, 0)


def test_an_answer_that_cannot_be_written_rolls_back(app):
    @endpoint(response=Shown)
    def view():
        """Write and give what does not fit."""
        new_user()
        return {"no": "name"}

    assert (call(app, view).status_code, users()) == (500, 0)


def test_a_view_without_a_transaction_has_none(app):
    @endpoint(transaction=None)
    def view():
        """Look for a transaction."""
        return db.session()

    assert call(app, view).status_code == 500


def test_a_view_that_declares_a_body_must_take_it():
    with pytest.raises(TypeError, match="does not take it"):

        @endpoint(body=Form)
        def view():
            """Forget."""
