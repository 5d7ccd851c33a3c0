"""Errors of completions are told as an OpenAI server tells them, with `detail` beside."""

import orjson
import pytest
from flask import Blueprint, Flask
from redis.exceptions import ConnectionError as RedisIsAway

from shared.errors import (
    BadSession,
    Busy,
    Forbidden,
    Invalid,
    NotFound,
    NotSignedIn,
    Reason,
    Unavailable,
    UnknownModel,
    UpstreamFailed,
)
from web.api import BadBody
from web.completions import problems
from web.completions.chunks import DONE, Chunks


def answer_to(error, **options):
    """What a client of an area with OpenAI's errors gets when a view raises this."""
    app, area = Flask("errors"), Blueprint("v1", "errors")
    problems.register(area, **options)

    @area.get("/thing")
    def view():
        raise error

    app.register_blueprint(area)
    return app.test_client().get("/thing")


def failed(reason, **more):
    return UpstreamFailed({"error": "host answered: no.", "reason": reason, **more})


@pytest.mark.parametrize(
    ("reason", "status", "kind"),
    [
        (Reason.BAD_REQUEST, 400, "invalid_request_error"),
        (Reason.RATE_LIMITED, 429, "rate_limit_error"),
        (Reason.UNAVAILABLE, 502, "upstream_error"),
        (Reason.MISCONFIGURED, 502, "upstream_error"),
        (Reason.TIMEOUT, 504, "upstream_error"),
        (Reason.NOT_FOUND, 404, "invalid_request_error"),
        (Reason.FORBIDDEN, 403, "invalid_request_error"),
        (Reason.INTERNAL, 500, "server_error"),
        ("a word of a newer process", 500, "server_error"),
    ],
)
def test_a_failed_job_is_told_by_its_reason(reason, status, kind):
    answer = answer_to(failed(reason))

    assert answer.status_code == status
    assert answer.json == {
        "detail": "host answered: no.",
        "error": {"message": "host answered: no.", "type": kind, "param": None, "code": reason},
    }


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (failed(Reason.UNAVAILABLE), 400, "upstream_error"),
        (failed(Reason.RATE_LIMITED), 400, "rate_limit_error"),
        (Forbidden(), 401, "invalid_request_error"),
        (Busy(), 429, "rate_limit_error"),
    ],
)
def test_the_contracts_door_keeps_its_statuses_and_tells_the_rest(error, status, kind):
    answer = answer_to(error, keeps_statuses=True)

    assert answer.status_code == status
    assert answer.json["detail"] == error.message
    assert answer.json["error"]["type"] == kind


@pytest.mark.parametrize(("patience_s", "header"), [(2.2, "3"), (0.01, "1"), (None, None)])
def test_the_providers_patience_is_passed_on(patience_s, header):
    answer = answer_to(failed(Reason.RATE_LIMITED, retry_after_s=patience_s))

    assert answer.headers.get("Retry-After") == header


def test_a_failed_job_of_an_older_process_is_our_own_fault():
    assert answer_to(UpstreamFailed({"error": "no"})).status_code == 500


@pytest.mark.parametrize("reason", list(Reason))
def test_clients_are_told_when_another_try_is_of_no_use(reason):
    told = answer_to(failed(reason)).headers.get("x-should-retry")

    assert told == ("false" if reason == Reason.MISCONFIGURED else None)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotSignedIn(), 401, "invalid_api_key"),
        (BadSession(), 401, "invalid_api_key"),
        (Forbidden(), 403, None),
        (UnknownModel("Model 'x' was not found"), 404, "model_not_found"),
        (NotFound(), 404, None),
        (Invalid("no"), 400, None),
        (Busy("too many", 5), 429, "rate_limit_exceeded"),
        (Unavailable(), 503, None),
        (RedisIsAway("refused"), 503, None),
    ],
)
def test_our_own_errors_have_openais_statuses(error, status, code):
    answer = answer_to(error)

    assert answer.status_code == status
    assert answer.json["error"]["code"] == code
    assert answer.json["error"]["message"] == answer.json["detail"]


def test_a_body_that_does_not_fit_names_the_place():
    problem = {"type": "missing", "loc": ["body", "messages", 0], "msg": "Field required"}

    answer = answer_to(BadBody([problem]))

    assert answer.status_code == 400
    assert answer.json["detail"] == [problem]
    assert answer.json["error"]["message"] == "messages.0: Field required"
    assert answer.json["error"]["param"] == "messages.0"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/assistants", 404),
        ("POST", "/v1/moderations", 404),
        ("POST", "/v1/models", 405),
        ("PUT", "/v1/batches", 405),
        ("DELETE", "/v1/chat/completions", 405),
    ],
)
def test_what_is_not_offered_is_told_as_openai_tells_it(member, method, path, status):
    answer = member.send(method, path)

    assert answer.status_code == status
    assert answer.json["error"] == {
        "message": f"{method} {path} is not offered here.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    assert "error" not in member.get("/api/v1/nothing").json


def test_a_failure_in_mid_stream_is_an_error_object_and_the_end():
    chunks = Chunks("job", "alpha", wants_usage=False)
    event = {
        "type": "failed",
        "attempt": 1,
        "data": {"error": "it broke", "reason": "unavailable"},
    }

    written = chunks.write(orjson.dumps(event))

    assert written.endswith(DONE)
    assert orjson.loads(written.removeprefix(b"data: ").removesuffix(b"\n\n" + DONE)) == {
        "error": {
            "message": "it broke",
            "type": "upstream_error",
            "param": None,
            "code": "unavailable",
        }
    }
